# The image that boots without an operating system, and running it. Included by the Makefile.

APPEND ?=
BOOTS ?= 5

METAL := $(O)/metal
METAL_IMAGE := $(METAL)/virtio.elf
METAL_SRC := $(wildcard $(addsuffix /*.c,$(DRIVER_FLOORS) platform/metal guest/metal) \
	platform/metal/*.S guest/metal/*.S)

# No C library, no red zone below the stack (interrupts use it), no registers but the general ones;
# frame pointers for backtraces.
METAL_FLAGS := -std=gnu11 $(WARN) -O2 -g -I. -Iplatform/metal/include -ffreestanding -nostdinc \
	-isystem $(shell $(CC) -print-file-name=include) -m64 -mcmodel=small -mno-red-zone \
	-mgeneral-regs-only -fno-pie -fno-stack-protector -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fcf-protection=none

# folder, the rings' tracepoints or none: `trace` and `step` are for them, and they cost
define metal_image
$(1)/platform/metal/string.o: METAL_FLAGS += -fno-builtin \
	$(if $(filter gcc%,$(notdir $(CC))),-fno-tree-loop-distribute-patterns)

$(1)/%.o: %.c Makefile guest/metal/metal.mk
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $$(METAL_FLAGS) $(2) -MMD -MP $$(CFLAGS) -c -o $$@ $$<

$(1)/%.o: %.S Makefile guest/metal/metal.mk
	$$(call say,AS,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) -I. -m64 -MMD -MP -c -o $$@ $$<

$(1)/virtio.elf: $(addprefix $(1)/,$(addsuffix .o,$(basename $(METAL_SRC)))) guest/metal/metal.lds
	$$(call say,LD,$$@)
	$$(Q)$(CC) -m64 -nostdlib -static -Wl,-T,guest/metal/metal.lds -Wl,--build-id=none \
		-Wl,-z,max-page-size=4096 -o $$@ $$(filter %.o,$$^)

-include $(shell find $(1) -name '*.d' 2>/dev/null)
endef
$(eval $(call metal_image,$(METAL),-DVRING_EVENTS))
$(eval $(call metal_image,$(METAL)-bench,))

metal: $(METAL_IMAGE) ## the drivers as a program for the bare machine: $(O)/metal/virtio.elf

METAL_RUN := guest/metal/run --image $(METAL_IMAGE) --disk $(DISK) --accel $(ACCEL) \
	--blk disable-legacy=on,num-queues=2 --net disable-legacy=on

run: $(METAL_IMAGE) $(DISK) ## boot the drivers on a bare machine; APPEND="blk verify; net ping 10.0.2.2; poweroff"
	$(Q)$(METAL_RUN) --events $(B)/guest/metal.vrt --append "$(APPEND)"

# Ends with gdb's status; the console's output is on the same terminal.
debug-run: $(METAL_IMAGE) $(DISK) ## the same under gdb, stopped at virtblk_probe
	$(Q)$(METAL_RUN) --append "$(APPEND)" --debug

# ---- against Linux ----

$(INITRD)/bench-guest.cpio: $(KDIR)/vmlinux $(GUEST)/init $(GUEST)/make-initramfs \
		$(GUEST)/library-files tests/guest/bench-guest.job
	$(call say,INITRD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)files=$$($(GUEST)/library-files fio) && \
		$(GUEST)/make-initramfs $(KDIR) $@ tests/guest/bench-guest.job=/job $$files

# Both without tracepoints: Linux's drivers have none.
bench-guest: $(METAL)-bench/virtio.elf $(INITRD)/bench-guest.cpio $(DISK) ## reads a second, beside Debian's Linux on the same machine; BOOTS=5
	$(Q)tests/guest/bench-guest.sh $(METAL)-bench/virtio.elf $(KDIR) $(INITRD)/bench-guest.cpio \
		$(DISK) $(BOOTS) $(ACCEL)

# ---- for tests/run ----

$(O)/debug/tests/guest/vrt_check: $(O)/debug/tests/trace-tool.a
$(O)/debug/tests/guest/vrt_check: LIBS := $(TOOL_LIBS)

# The other compiler's image is booted as well, only not over the whole matrix.
METAL_TESTS := 'guest/metal-parts: $(O)/debug/tests/guest/metal_parts' \
	'asan/guest/metal-parts: $(O)/asan/tests/guest/metal_parts' \
	'guest/metal: tests/guest/metal.sh $(METAL_IMAGE) $(O)/debug/tests/guest/vrt_check' \
	'guest/metal-clang: $(MAKE) --no-print-directory CC=clang metal && \
		tests/guest/metal.sh $(B)/clang/metal/virtio.elf $(O)/debug/tests/guest/vrt_check counts'

.PHONY: metal run debug-run bench-guest
