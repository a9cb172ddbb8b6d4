# make help lists what can be made. Everything built goes to build/; V=1 shows the commands.

KERNEL ?= 6.1
ACCEL ?= tcg
FOR ?= base
TEST ?=
RIVAL ?=
E ?=
F ?= trace-tool/samples/linux-blk-split.vrt
ANSWER ?=
WHAT ?=
LINUX_SOURCE ?= /usr/src/linux-source-6.1.tar.xz
TSV ?=
V ?=

ifeq ($(origin CC),default)
CC := gcc
endif

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
# `make deps test`: the packages first, then all the rest with every processor.
REST := $(if $(filter deps,$(MAKECMDGOALS)),$(filter-out deps,$(MAKECMDGOALS)))
ifneq ($(REST),)
.PHONY: deps $(REST)
deps:
	@./install-deps $(FOR)
$(firstword $(REST)): deps
	@$(MAKE) --no-print-directory -j$(shell nproc) $(REST)
$(wordlist 2,99,$(REST)): $(firstword $(REST))
	@:
else

# bpftool, depmod and modprobe live there; a plain user's PATH does not name it.
export PATH := $(PATH):/usr/sbin:/sbin

Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-8s %s\n' $(1) $(2))

B := build
O := $(B)/$(notdir $(CC))

TOOL_LIBS := -ljson-c -lncursesw -ltinfo -lz -lm

WARN := -Wall -Wextra -Werror
CFLAGS_ALL := -std=gnu11 $(WARN) -I. -MMD -MP

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { gsub(/\$$\(O\)/, "$(O)", $$2); printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  KERNEL=6.1|6.1-cloud|6.12|6.12-cloud   the guest Linux [$(KERNEL)]'
	@echo '  TEST=ring/split[:name]                 one test program, or one test (make test, debug)'
	@echo '  FOR="base debug"                       purposes of packages.txt (make deps)'
	@echo '  ACCEL=tcg|kvm  CC=gcc|clang  V=1'

all: vring-trace library ## vring-trace and the library

deps: ## install what is missing from Debian 12 (packages.txt)
	@./install-deps $(FOR)

# ---- the library and its tests ----
# debug is what gdb steps through; asan runs the same tests under the sanitizers; release is
# what is measured and shipped.

DRIVER_FLOORS := ring bus pci blk net
LIB_host := $(wildcard $(addsuffix /*.c,$(DRIVER_FLOORS) device platform/host))
LIB_qtest := $(wildcard $(addsuffix /*.c,$(DRIVER_FLOORS) platform/qtest))
SUPPORT_host := $(filter-out tests/support/qtest_%,$(wildcard tests/support/*.c))
SUPPORT_qtest := $(filter-out tests/support/host_%,$(wildcard tests/support/*.c))
TEST_SRC := $(filter-out tests/support/% tests/guest/% tests/bench/% tests/grounds/%,$(wildcard tests/*/*.c))

# The suites of tests/grounds are linked twice: host/NAME meets device/, qtest/NAME meets QEMU.
GROUND_SRC := $(wildcard tests/grounds/*.c)
QTESTS := $(GROUND_SRC:tests/grounds/%.c=qtest/%)
TESTS := $(TEST_SRC:tests/%.c=%) $(GROUND_SRC:tests/grounds/%.c=host/%)

# What of vring-trace needs a kernel to look at; the rest works on recordings, on any Linux, without BPF.
TOOL_SRC := $(wildcard trace-tool/*.c trace-tool/*/*.c)
TOOL_LINUX_SRC := $(wildcard trace-tool/linux/*.c)
TOOL_FILES_SRC := $(filter-out $(TOOL_LINUX_SRC),$(TOOL_SRC)) ring/vring_draw.c bus/virtio_names.c

# The counting test reads recordings of a guest; it stands by itself.
GUEST_TEST_SRC := $(wildcard tests/guest/*.c)

FLAGS_debug := -O0 -g3
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan := -O1 -g -fsanitize=thread
FLAGS_release := -O2 -g

# The tests with two threads. ThreadSanitizer watches them as well, and optimised code shows a missing
# full barrier far sooner than -O0 does.
THREAD_TESTS := $(filter %/threads,$(TESTS))

define variant
$(O)/$(1)/%.o: %.c Makefile
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $(CFLAGS_ALL) $(FLAGS_$(1)) $$(CFLAGS) -c -o $$@ $$<

$(O)/$(1)/trace-tool/%.o: CFLAGS += -D_GNU_SOURCE -I$(B)/bpf
$(O)/$(1)/trace-tool/explain.o: $(B)/bpf/explain.inc

$(O)/$(1)/libvirtio.a: $(LIB_host:%.c=$(O)/$(1)/%.o)
$(O)/$(1)/libvirtio-qtest.a: $(LIB_qtest:%.c=$(O)/$(1)/%.o)
$(O)/$(1)/tests/trace-tool.a: $(patsubst %.c,$(O)/$(1)/%.o,$(filter trace-tool/%,$(TOOL_FILES_SRC)))
$(O)/$(1)/tests/host.a: $(SUPPORT_host:%.c=$(O)/$(1)/%.o)
$(O)/$(1)/tests/qtest.a: $(SUPPORT_qtest:%.c=$(O)/$(1)/%.o)
$(addprefix $(O)/$(1)/,libvirtio.a libvirtio-qtest.a tests/host.a tests/qtest.a tests/trace-tool.a):
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@
	$$(Q)ar qcs $$@ $$^

$(TEST_SRC:tests/%.c=$(O)/$(1)/tests/%): $(O)/$(1)/tests/%: $(O)/$(1)/tests/%.o
$(GROUND_SRC:tests/grounds/%.c=$(O)/$(1)/tests/host/%): $(O)/$(1)/tests/host/%: $(O)/$(1)/tests/grounds/%.o
$(QTESTS:%=$(O)/$(1)/tests/%): $(O)/$(1)/tests/qtest/%: $(O)/$(1)/tests/grounds/%.o
$(filter $(O)/$(1)/tests/trace-tool/%,$(TESTS:%=$(O)/$(1)/tests/%)): $(O)/$(1)/tests/trace-tool.a
$(TESTS:%=$(O)/$(1)/tests/%): $(O)/$(1)/tests/host.a $(O)/$(1)/libvirtio.a
$(QTESTS:%=$(O)/$(1)/tests/%): $(O)/$(1)/tests/qtest.a $(O)/$(1)/libvirtio-qtest.a
$(filter $(O)/$(1)/tests/trace-tool/%,$(TESTS:%=$(O)/$(1)/tests/%)): LIBS := $(TOOL_LIBS)
$(addprefix $(O)/$(1)/tests/,$(TESTS) $(QTESTS)):
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $(FLAGS_$(1)) -o $$@ $$^ -lcmocka $$(LIBS)

$(GUEST_TEST_SRC:%.c=$(O)/$(1)/%): $(O)/$(1)/%: $(O)/$(1)/%.o
	$$(call say,LD,$$@)
	$$(Q)$(CC) $(FLAGS_$(1)) -o $$@ $$^ -lcmocka -ljson-c $$(LIBS)
endef
$(foreach v,debug asan tsan release,$(eval $(call variant,$(v))))
.SECONDARY:

# Programs that chapters of the book run.
EXPERIMENTS := $(patsubst book/experiments/%.c,$(O)/debug/book/%,$(wildcard book/experiments/*.c))
$(EXPERIMENTS): $(O)/debug/book/%: $(O)/debug/book/experiments/%.o $(O)/debug/libvirtio.a
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS_debug) -o $@ $^

library: $(O)/release/libvirtio.a ## both halves of the ring, and what is on top of them

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# ---- vring-trace ----

BPF_OBJ := $(B)/bpf/vring_trace.bpf.o
SKEL := $(B)/bpf/vring_trace.skel.h $(B)/bpf/vring_snapshot.skel.h
TOOL_OBJ := $(patsubst %.c,$(O)/tool/%.o,$(TOOL_LINUX_SRC) $(filter-out %/commands_files.c %/look_none.c,$(TOOL_FILES_SRC)))
TOOL := $(O)/vring-trace

# -ffreestanding keeps clang's own <stdint.h>; the C library's wants headers of a 32-bit host.
$(B)/bpf/%.unstripped.o: bpf/%.c Makefile
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)clang -target bpf -mcpu=v3 -O2 -g -std=gnu11 $(WARN) -Wno-unused-parameter -ffreestanding -I. \
		-idirafter /usr/include/x86_64-linux-gnu -D__TARGET_ARCH_x86 -MMD -MP -c -o $@ $<

# The DWARF goes, the BTF stays: it is what CO-RE relocates by.
$(B)/bpf/%.o: $(B)/bpf/%.unstripped.o
	$(Q)llvm-strip -g -o $@ $<

$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q){ echo '#include "bpf/$*.h"'; bpftool gen skeleton $< name $*; } >$@

$(B)/bpf/%.inc: $(B)/bpf/%.bpf.o
	$(Q)od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' >$@

$(B)/bpf/explain.inc: book/explain.tsv
	$(Q)mkdir -p $(@D)
	$(Q)awk -F'\t' 'NR > 1 { printf "{ \"%s\", \"%s#%s\", false },\n", $$1, $$2, $$3 }' $< >$@

$(O)/tool/trace-tool/explain.o: $(B)/bpf/explain.inc
$(O)/tool/trace-tool/linux/kernel.o: $(B)/bpf/vring_trace_untyped.inc
$(O)/tool/%.o: %.c $(SKEL) Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -O2 -g -I$(B)/bpf -D_GNU_SOURCE $(CFLAGS) -c -o $@ $<

$(TOOL): $(TOOL_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) -static -o $@ $^ $(TOOL_LIBS) -lbpf -lelf -lz

# The same without what looks at a kernel: recordings only. It needs no BPF to build or to run.
FILES_TOOL := $(O)/vring-trace-files
$(FILES_TOOL): $(TOOL_FILES_SRC:%.c=$(O)/files/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(TOOL_LIBS)

$(O)/files/trace-tool/explain.o: $(B)/bpf/explain.inc
$(O)/files/%.o: %.c Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -O2 -g -I$(B)/bpf -D_GNU_SOURCE $(CFLAGS) -c -o $@ $<

replay: $(FILES_TOOL) ## a recording on the screen, without a guest: F=trace-tool/samples/linux-net-split.vrt
	$(Q)$(FILES_TOOL) replay $(F)

PREFIX ?= /usr/local
DESTDIR ?=
install: $(TOOL) ## vring-trace with man page and completion: PREFIX=/usr/local DESTDIR=
	$(Q)install -D -s -m 755 $(TOOL) $(DESTDIR)$(PREFIX)/sbin/vring-trace
	$(Q)install -D -m 644 trace-tool/vring-trace.8 $(DESTDIR)$(PREFIX)/share/man/man8/vring-trace.8
	$(Q)install -D -m 644 trace-tool/vrt.5 $(DESTDIR)$(PREFIX)/share/man/man5/vrt.5
	$(Q)install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(Q)$(TOOL) completion >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/vring-trace

vring-trace: $(TOOL) ## the tool, one static binary: $(O)/vring-trace

-include $(shell find $(B)/bpf -name '*.d' 2>/dev/null)

# ---- the Linux guest ----

KDIR := $(B)/kernel/$(KERNEL)
INITRD := $(B)/guest/$(KERNEL)
DISK := $(B)/guest/disk.img
GUEST := guest/linux
RUN := $(GUEST)/run --accel $(ACCEL) --kernel $(KDIR) --disk $(DISK)

$(B)/kernel/%/vmlinux: | $(B)
	$(call say,KERNEL,$*)
	$(Q)$(GUEST)/fetch-kernel $* $(@D)

$(B):
	$(Q)mkdir -p $@

# Every 4 KiB block starts with its own number, so that a read can be seen to be the right one.
$(DISK):
	$(call say,DISK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)awk 'BEGIN { for (n = 0; n < 16384; n++) printf "block %-4089d\n", n }' >$@

# A function of the job: the guest's whole user land plus what it is to run as /job.
define initrd
	$(call say,INITRD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(GUEST)/make-initramfs $(KDIR) $@ $(TOOL)=/bin/vring-trace $(1)
endef
INITRD_DEPS = $(KDIR)/vmlinux $(TOOL) $(GUEST)/init $(GUEST)/make-initramfs

$(INITRD)/shell.cpio: $(INITRD_DEPS)
	$(call initrd,)

$(INITRD)/demo.cpio: $(INITRD_DEPS) $(GUEST)/demo
	$(call initrd,$(GUEST)/demo=/job)

$(INITRD)/counts.cpio: $(INITRD_DEPS) tests/guest/counts.job
	$(call initrd,tests/guest/counts.job=/job)

# Jobs that judge by themselves.
JUDGE := tests/guest/judge.sh

$(INITRD)/options.cpio: $(INITRD_DEPS) tests/guest/options.job $(JUDGE)
	$(call initrd,tests/guest/options.job=/job $(JUDGE)=/lib/judge.sh)

$(INITRD)/state.cpio: $(INITRD_DEPS) tests/guest/state.job $(JUDGE)
	$(call initrd,tests/guest/state.job=/job $(JUDGE)=/lib/judge.sh)

$(INITRD)/stall.cpio: $(INITRD_DEPS) tests/guest/stall.job $(JUDGE)
	$(call initrd,tests/guest/stall.job=/job $(JUDGE)=/lib/judge.sh)

# ext4, because the rival comes on a disk.
$(INITRD)/bench.cpio: $(INITRD_DEPS) tests/guest/bench.job
	$(call say,INITRD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(GUEST)/make-initramfs $(KDIR) $@ +virtio_console +ext4 $(TOOL)=/bin/vring-trace \
		tests/guest/bench.job=/job

$(B)/guest/rival.img: tests/guest/make-rival
	$(call say,RIVAL,$@)
	$(Q)tests/guest/make-rival $@

$(INITRD)/record.cpio: $(INITRD_DEPS) tests/guest/record.job $(JUDGE)
	$(call initrd,tests/guest/record.job=/job $(JUDGE)=/lib/judge.sh)

$(INITRD)/bench-live.cpio: $(INITRD_DEPS) tests/guest/bench-live.job
	$(call initrd,tests/guest/bench-live.job=/job)

$(INITRD)/samples.cpio: $(INITRD_DEPS) trace-tool/samples/linux.job
	$(call initrd,trace-tool/samples/linux.job=/job)

$(INITRD)/why.cpio: $(INITRD_DEPS) tests/guest/why.job
	$(call initrd,tests/guest/why.job=/job)

# Of any kernel, with the drivers of every device.
$(B)/guest/%/matrix.cpio: $(B)/kernel/%/vmlinux $(TOOL) $(GUEST)/init $(GUEST)/make-initramfs \
		tests/guest/matrix.job
	$(call say,INITRD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(GUEST)/make-initramfs $(B)/kernel/$* $@ +virtio_mmio +virtio_console +virtio_balloon \
		+virtio_scsi +sd_mod @virtio-rng $(TOOL)=/bin/vring-trace tests/guest/matrix.job=/job

# The card is told to gather packets for 5 ms before it sends: what the driver adds meanwhile needs no
# kick, so that suppression is seen every time and not by luck.
demo: library $(INITRD)/demo.cpio $(DISK) ## boot a Debian guest and trace its disk and network rings
	$(Q)$(RUN) --initrd $(INITRD)/demo.cpio --log $(B)/guest/demo.log \
		--net tx=timer,x-txtimer=5000000

samples: $(INITRD)/samples.cpio $(DISK) metal ## record trace-tool/samples/*.vrt anew
	$(Q)trace-tool/samples/make $(KDIR) $(INITRD)/samples.cpio $(DISK) $(METAL_IMAGE) trace-tool/samples

guest: $(INITRD)/shell.cpio $(DISK) ## a shell in the same guest; Ctrl-A x leaves
	$(Q)$(RUN) --initrd $(INITRD)/shell.cpio --shell

# ---- the guest without Linux ----

include guest/metal/metal.mk

# ---- tests ----

SUITE := $(firstword $(subst :, ,$(TEST)))
SUITE_SRC := tests/$(patsubst qtest/%,grounds/%,$(patsubst host/%,grounds/%,$(or $(SUITE),-))).c
NAME := $(word 2,$(subst :, ,$(TEST)))
# That one judges a recording, of the last make test or check-counts.
ARGS = $(if $(filter guest/counts,$(SUITE)),$(COUNTS)-split) $(NAME)
SOURCES := $(filter-out $(B)/%,$(wildcard */*.[ch] */*/*.[ch]))
COUNTS := $(B)/guest/$(KERNEL)/counts

# Boots the guest once, on rings of one layout, and lets the counting test judge the recording.
# ioeventfd=off: QEMU runs its handler for each doorbell, instead of once for several.
counts_test = 'guest/counts-$(KERNEL)-$(1): mkdir -p $(COUNTS)-$(1) && \
	$(RUN) --initrd $(INITRD)/counts.cpio --log $(COUNTS)-$(1)/console.log \
		--blk ioeventfd=off,$(2) --net ioeventfd=off,tx=timer,x-txtimer=5000000,$(2) \
		--qemu-trace $(COUNTS)-$(1)/qemu.log --results $(COUNTS)-$(1)/results.tar.gz && \
	tar xzf $(COUNTS)-$(1)/results.tar.gz -C $(COUNTS)-$(1) && \
	$(O)/debug/tests/guest/counts $(COUNTS)-$(1)'
COUNTS_TESTS = $(call counts_test,split,packed=off) $(call counts_test,packed,packed=on)

WHY_TEST = 'guest/why-$(KERNEL): tests/guest/why.sh $(KDIR) $(INITRD)/why.cpio $(DISK) $(O)/debug/tests/guest \
	$(B)/guest/$(KERNEL)/why'

stall_test = 'guest/stall-$(KERNEL)-$(1): tests/guest/stall.sh $(KDIR) $(INITRD)/stall.cpio $(DISK) $(1) \
	$(B)/guest/$(KERNEL)/stall-$(1).log'
state_test = 'guest/state-$(KERNEL)-$(1): $(RUN) --initrd $(INITRD)/state.cpio --blk packed=$(2) --net packed=$(2)'
STATE_TESTS = $(call state_test,split,off) $(call state_test,packed,on)
STALL_TESTS = $(call stall_test,split) $(call stall_test,packed)

# A recording under full load, and screens on the serial console.
RECORD_TEST = 'guest/record-$(KERNEL): tests/guest/record.sh $(KDIR) $(INITRD)/record.cpio $(DISK) $(TOOL) \
	$(O)/debug/tests/guest/vrt_check $(B)/guest/$(KERNEL)/record'
SCREEN_TEST = 'guest/screen-$(KERNEL): tests/guest/screen.py $(KDIR) $(INITRD)/shell.cpio $(DISK)'

OPTIONS_TEST = 'guest/options-$(KERNEL): $(RUN) --initrd $(INITRD)/options.cpio --blk ioeventfd=off'

# Every kind of device on one machine. The arguments: kernel, layout, EVENT_IDX, indirect tables, and for
# virtio-mmio microvm, for kprobes q35 and kprobe.
matrix_name = matrix-$(1)-$(2)$(if $(filter on,$(3)),-event_idx)$(if $(filter on,$(4)),-indirect)$(patsubst %,-%,$(filter-out q35,$(5) $(6)))
matrix_test = 'guest/$(call matrix_name,$(1),$(2),$(3),$(4),$(5),$(6)): \
	tests/guest/matrix.sh $(B)/kernel/$(1) $(B)/guest/$(1)/matrix.cpio $(DISK) $(O)/debug/tests/guest/matrix \
	$(B)/guest/$(1)/$(call matrix_name,$(1),$(2),$(3),$(4),$(5),$(6)) $(2) $(3) $(4) $(5) $(6)'
# In `make test` each value of each is met on some boot; in test-long each meets each.
MATRIX_TESTS = $(call matrix_test,$(KERNEL),split,off,off) $(call matrix_test,$(KERNEL),packed,on,off) \
	$(call matrix_test,6.12-cloud,split,on,on) $(call matrix_test,6.12-cloud,packed,off,on) \
	$(call matrix_test,6.12-cloud,split,on,on,microvm) $(call matrix_test,$(KERNEL),split,on,off,q35,kprobe)
MATRIX_INITRDS = $(B)/guest/$(KERNEL)/matrix.cpio $(B)/guest/6.12-cloud/matrix.cpio
LONG_KERNELS := 6.1 6.1-cloud 6.12 6.12-cloud
LONG_MATRIX_TESTS = $(foreach k,$(LONG_KERNELS),$(foreach l,split packed,$(foreach e,on off,$(foreach i,on off,\
	$(call matrix_test,$k,$l,$e,$i)))) $(foreach l,split packed,$(call matrix_test,$k,$l,on,on,microvm) \
	$(call matrix_test,$k,$l,on,on,q35,kprobe)))

# By eyes of their own on the recording and on the terminal.
SCREEN_TESTS = 'screens/frames: tests/screens/frames.py $(FILES_TOOL)' \
	'screens/terminal: tests/screens/terminal.py $(FILES_TOOL)'

# One clear line for a test program that there is not.
ifneq ($(filter test debug,$(MAKECMDGOALS)),)
ifneq ($(TEST)$(filter debug,$(MAKECMDGOALS)),)
ifeq ($(wildcard $(SUITE_SRC)),)
$(error TEST=$(TEST): no such test program; there are $(TESTS) $(QTESTS))
endif
endif
endif

ifneq ($(TEST),)
test: $(O)/debug/tests/$(SUITE)
	$(Q)$< $(ARGS)
else
test: test-programs $(FILES_TOOL) metal $(INITRD)/counts.cpio $(INITRD)/shell.cpio $(INITRD)/why.cpio $(INITRD)/options.cpio $(INITRD)/stall.cpio \
		$(INITRD)/state.cpio $(INITRD)/record.cpio $(MATRIX_INITRDS) $(DISK) ## all tests; or TEST=ring/split, or TEST=ring/split:name
	@tests/run \
		'style: clang-format --dry-run -Werror $(SOURCES)' \
		'build/clang: $(MAKE) --no-print-directory CC=clang library vring-trace test-programs' \
		'build/object-code: tests/ring/object-code.sh $(B)/object-code' \
		$(foreach t,$(TESTS),'$t: $(O)/debug/tests/$t') \
		$(foreach t,$(TESTS) $(QTESTS),'asan/$t: $(O)/asan/tests/$t') \
		$(foreach t,$(THREAD_TESTS),'tsan/$t: $(O)/tsan/tests/$t') \
		$(foreach t,$(THREAD_TESTS),'release/$t: $(O)/release/tests/$t') \
		'clauses: tests/clauses' \
		'book: book/press check $(O)/debug/tests' \
		'book/press: tests/book.sh' \
		'deps: tests/deps.sh' \
		'guest/runner: tests/guest/runner.sh $(KDIR) $(INITRD)/shell.cpio' \
		$(METAL_TESTS) \
		$(COUNTS_TESTS) $(MATRIX_TESTS) $(WHY_TEST) $(OPTIONS_TEST) $(call stall_test,split) $(call state_test,split,off) \
		$(RECORD_TEST) $(SCREEN_TEST) \
		'trace-tool/recordings: tests/recordings.sh $(FILES_TOOL)' \
		'trace-tool: tests/trace-tool.sh $(TOOL)' \
		'trace-tool/exports: tests/export/run $(FILES_TOOL) $(wildcard trace-tool/samples/*.vrt)' \
		$(SCREEN_TESTS)
endif

check-matrix: $(O)/debug/tests/guest/matrix $(MATRIX_INITRDS) $(DISK) ## of the tests only those with every device in a guest
	@tests/run $(MATRIX_TESTS)

check-options: $(INITRD)/options.cpio $(DISK) ## of the tests only those of the options that every command takes
	@tests/run $(OPTIONS_TEST)

check-state: $(INITRD)/state.cpio $(INITRD)/stall.cpio $(DISK) ## of the tests only those that look at a guest's queues as they stand
	@tests/run $(STATE_TESTS) $(STALL_TESTS)

check-screens: $(FILES_TOOL) ## of the tests only those that read the screens of vring-trace
	@tests/run $(SCREEN_TESTS)

check-live: $(O)/debug/tests/guest/vrt_check $(INITRD)/record.cpio $(INITRD)/shell.cpio $(DISK) ## of the tests only those that record a guest and sit at its screen
	@tests/run $(RECORD_TEST) $(SCREEN_TEST)

check-counts: $(O)/debug/tests/guest/counts $(INITRD)/counts.cpio $(DISK) ## of the tests only those that count in a guest
	@tests/run $(COUNTS_TESTS)

# A million steps for each combination of layout and features, the guest's counts on every kernel, and
# what the book says of Linux.
test-long: test ## all tests, long random walks, an hour of fuzzing, the guest's counts on every kernel
	$(Q)tests/run 'model/random-1000000: MODEL_STEPS=1000000 $(O)/debug/tests/model/random' \
		'asan/model/random-1000000: MODEL_STEPS=1000000 $(O)/asan/tests/model/random' \
		'release/interop/threads-4s: THREADS_MS=4000 THREADS_BUFFERS=10000000 $(O)/release/tests/interop/threads' \
		'asan/interop/hostile-2000000: HOSTILE_STEPS=2000000 $(O)/asan/tests/interop/hostile' \
		'asan/trace-tool/fuzz-3600s: FUZZ_SECONDS=3600 $(O)/asan/tests/trace-tool/fuzz' \
		'screens/frames-all: FRAMES_FEW=1 tests/screens/frames.py $(FILES_TOOL)' \
		'screens/soak-600s: SOAK_SECONDS=600 tests/screens/terminal.py $(FILES_TOOL) soak'
	$(Q)for kernel in $(filter-out $(KERNEL),6.1 6.1-cloud 6.12 6.12-cloud); do \
		$(MAKE) --no-print-directory KERNEL=$$kernel check-counts check-state check-options || exit 1; done
	$(Q)$(MAKE) --no-print-directory $(LONG_KERNELS:%=$(B)/guest/%/matrix.cpio)
	$(Q)tests/run $(LONG_MATRIX_TESTS) $(call stall_test,packed) $(call state_test,packed,on)
	$(Q)$(MAKE) --no-print-directory book-elsewhere

test-programs: $(foreach v,debug asan,$(addprefix $(O)/$(v)/tests/,$(TESTS) $(QTESTS))) $(foreach v,tsan release,$(THREAD_TESTS:%=$(O)/$(v)/tests/%)) \
		$(GUEST_TEST_SRC:%.c=$(O)/debug/%) $(O)/asan/tests/guest/metal_parts
test-programs: $(EXPERIMENTS) $(FILES_TOOL) ## build the tests, run none

# Opens gdb at the first test of the program, or at the test named.
debug: $(O)/debug/tests/$(SUITE) ## gdb at a test: TEST=ring/split or TEST=ring/split:name
	@command -v gdb >/dev/null || { echo 'make debug: no gdb; make deps FOR=debug installs it' >&2; exit 2; }
	$(Q)gdb -q -ex 'break $(or $(NAME),$(shell sed -n \
		's/^static void \([a-z0-9A-Z_]*\)(void \*\*state)$$/\1/p' $(SUITE_SRC) | head -n 1))' \
		-ex run --args $< $(ARGS)

# ---- benchmarks ----
# RIVAL=linux adds Linux's virtio_ring.c, built in user space. Its functions are named like ours, so of
# the object made from it only one name is left global.

ifneq ($(filter-out linux,$(RIVAL)),)
$(error RIVAL=$(RIVAL): no such rival; there is linux)
endif

BENCH := $(O)/release/tests/bench
BENCH_OBJ := $(BENCH)/ring.o $(BENCH)/our_ring.o
LINUX_RING := $(B)/linux-ring
LINUX_RING_FLAGS := -std=gnu11 -O2 -g -fno-strict-aliasing -fno-strict-overflow -fno-common \
	-DCONFIG_PHYS_ADDR_T_64BIT '-Ddata_race(x)=(x)' -I. -isystem $(LINUX_RING)/tools/virtio \
	-isystem $(LINUX_RING)/tools/include -include $(LINUX_RING)/include/linux/kconfig.h

$(LINUX_RING)/version: | $(B)
	$(call say,FETCH,$(@D))
	$(Q)tests/bench/fetch-linux-ring $(@D)

$(BENCH)/virtio_ring.o: $(LINUX_RING)/version Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LINUX_RING_FLAGS) -w -c -o $@ $(LINUX_RING)/drivers/virtio/virtio_ring.c

$(BENCH)/linux_ring.o: tests/bench/linux_ring.c $(wildcard tests/bench/*.h) $(LINUX_RING)/version Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LINUX_RING_FLAGS) $(WARN) -c -o $@ $<

$(BENCH)/rival.o: $(BENCH)/linux_ring.o $(BENCH)/virtio_ring.o
	$(call say,LD,$@)
	$(Q)ld -r -o $@ $^
	$(Q)objcopy --keep-global-symbol=linux_driver $@

$(BENCH)/ring: $(BENCH_OBJ) $(O)/release/libvirtio.a
$(BENCH)/ring-linux: $(BENCH_OBJ) $(BENCH)/rival.o $(O)/release/libvirtio.a
$(BENCH)/ring $(BENCH)/ring-linux:
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS_release) -pthread -o $@ $^

# One thread on one core: a wake-up of the other core costs more than all that is measured.
bench-ring: $(BENCH)/ring$(RIVAL:%=-%) ## ns per buffer; RIVAL=linux: beside Linux's virtio_ring.c; TSV=1
	$(Q)taskset -c $$(($$(nproc) - 1)) $< $(if $(TSV),--tsv)
	$(Q)$< --threads $(if $(TSV),--tsv)

bench-trace: $(INITRD)/bench.cpio $(B)/guest/rival.img $(DISK) ## what vring-trace costs a guest, beside bpftrace; BOOTS=3
	$(Q)tests/guest/bench.sh $(KDIR) $(INITRD)/bench.cpio $(DISK) $(B)/guest/rival.img $(B)/guest/$(KERNEL)/bench

bench-live: $(INITRD)/bench-live.cpio $(DISK) ## what live and record cost a guest; BOOTS=1
	$(Q)tests/guest/bench-live.sh $(KDIR) $(INITRD)/bench-live.cpio $(DISK) $(B)/guest/$(KERNEL)/bench-live

clauses: ## which clauses of the specification are covered, by which code and test
	@tests/clauses

# ---- the book ----

# Needs Python; printing it needs pandoc and friends: make deps FOR=book.
book-check: test-programs ## is every word of the book still true?
	@tests/run 'book: book/press check $(O)/debug/tests'

book-sync: test-programs ## put code, outputs and figures into its text as they are now
	$(Q)book/press sync

# A stock QEMU and its firmware, no system; half a second.
look: ## one disk request, byte by byte, in a stock QEMU; WHAT=write, WHAT=map
	$(Q)book/look $(WHAT)

# What it says of Linux 6.1 and QEMU 7.2, looked up there. Linux's source is a large package, so that
# only this asks for it.
book-elsewhere: ## has Linux 6.1 what the book names? make deps FOR=elsewhere
	@if [ -e $(LINUX_SOURCE) ]; then tests/run 'book/linux: book/press linux $(LINUX_SOURCE)'; else \
		echo 'book/linux: left out, there is no $(LINUX_SOURCE); make deps FOR=elsewhere installs it'; fi
	@tests/run "book/qemu: book/press qemu $$(command -v qemu-system-x86_64)"

# Red until you have solved it; ANSWER=1 is the book's own solution.
exercise: $(O)/debug/tests/host.a $(O)/debug/libvirtio.a ## an exercise of the book: E=08-publish, ANSWER=1
	$(Q)test -f book/exercises/$(E).c || { echo 'make exercise: no E=$(E); there are' \
		"$$(cd book/exercises && ls *.answer.c | sed 's/.answer.c//' | xargs)" >&2; exit 2; }
	$(Q)mkdir -p $(O)/exercises
	$(Q)$(CC) -std=gnu11 $(WARN) -g -I. $(if $(ANSWER),-DANSWER) book/exercises/$(E).c $^ -lcmocka -o $(O)/exercises/$(E)
	$(Q)$(O)/exercises/$(E)

# Spin tries every order again, and every recorded way to lose is still a shortest one.
book-models: ## the book's model of notifications, searched anew; make deps FOR=book
	$(Q)book/models/check | diff book/recorded/models.txt -
	$(Q)for trail in GIVER_NO_MB TAKER_NO_MB NO_WMB NO_RECHECK 'GIVER_NO_MB FLAGS'; do \
		book/models/check --trail "$$trail" | \
			diff book/recorded/$$(echo $$trail | tr 'A-Z_ ' 'a-z--').txt - || exit 1; done
	@echo 'book-models: nothing is lost whole, something without each fence'

book: ## print it: $(O)/book/index.html, virtio.epub, virtio.pdf
	$(Q)command -v pandoc >/dev/null || { echo 'make book: no pandoc; make deps FOR=book installs it' >&2; exit 2; }
	$(Q)mkdir -p $(O)
	$(Q){ book/press html $(O)/book && book/press epub $(O)/virtio.epub; } & pages=$$!; \
		book/press pdf $(O)/virtio.pdf && wait $$pages

clean: ## forget what was built (kernels too)
	$(Q)rm -rf $(B)

.PHONY: check-options samples check-live bench-live install replay check-state check-matrix bench-trace book book-check book-elsewhere book-models exercise book-sync look bench-ring clauses help all deps library vring-trace demo guest test test-long test-programs check-counts \
	debug clean

endif
