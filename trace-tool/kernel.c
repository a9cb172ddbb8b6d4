/* SPDX-License-Identifier: MIT */
/*
 * Decides from the kernel's own type information which hooks exist, and turns each way of being
 * refused into one line. The version of the kernel is never asked for.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vring_trace.skel.h"

#include "kernel.h"
#include "tool.h"

#define BTF_DIR "/sys/kernel/btf"

static int show_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	/* LIBBPF_WARN is 0, INFO 1, DEBUG 2; -v is warnings, -vv all. */
	if (level == LIBBPF_WARN ? !tool_verbose : tool_verbose < 2)
		return 0;
	return vfprintf(stderr, format, args);
}

#define CAP_SYS_ADMIN_BIT (1ull << 21)
#define CAP_BPF_PERFMON_BITS (1ull << 39 | 1ull << 38)

/* The effective capabilities; all of them where there is no /proc to ask, the kernel answers then.
 */
static unsigned long long capabilities(void)
{
	unsigned long long effective = ~0ull;
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");

	if (!status)
		return effective;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	fclose(status);
	return effective;
}

static bool may_load_bpf(void)
{
	unsigned long long have = capabilities();

	return have & CAP_SYS_ADMIN_BIT || (have & CAP_BPF_PERFMON_BITS) == CAP_BPF_PERFMON_BITS;
}

/*
 * The functions of the kernel and of its loaded modules, from BTF. On Debian's 6.1 the virtio core
 * is a module, on 6.12 it is built in.
 */
struct kernel_types {
	struct btf *vmlinux;
	struct btf *modules[512];
	int module_count;
};

static int load_types(struct kernel_types *types)
{
	struct dirent *entry;
	DIR *dir;

	types->vmlinux = btf__load_vmlinux_btf();
	if (!types->vmlinux)
		return -errno;
	dir = opendir(BTF_DIR);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && types->module_count < 512) {
		struct btf *btf;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "vmlinux"))
			continue;
		btf = btf__load_module_btf(entry->d_name, types->vmlinux);
		if (btf)
			types->modules[types->module_count++] = btf;
	}
	closedir(dir);
	return 0;
}

static void free_types(struct kernel_types *types)
{
	for (int i = 0; i < types->module_count; i++)
		btf__free(types->modules[i]);
	btf__free(types->vmlinux);
}

static bool has_type(const struct kernel_types *types, const char *name, uint32_t kind)
{
	if (btf__find_by_name_kind(types->vmlinux, name, kind) > 0)
		return true;
	for (int i = 0; i < types->module_count; i++)
		if (btf__find_by_name_kind(types->modules[i], name, kind) > 0)
			return true;
	return false;
}

/* The function a program hooks is the second half of its section's name. */
static const char *hooked_function(const struct bpf_program *prog)
{
	return strchr(bpf_program__section_name(prog), '/') + 1;
}

/*
 * Any of a line does: an add, a doorbell and a reap each come through one of several functions, by
 * kernel and by transport.
 */
static const char *const needed_hooks[][4] = {
	{ "virtqueue_add_sgs", "virtqueue_add_outbuf", "virtqueue_add_inbuf",
	  "virtqueue_add_inbuf_ctx" },
	{ "virtqueue_kick_prepare" },
	{ "vp_notify", "vp_notify_with_data", "vm_notify" },
	{ "vring_interrupt" },
	{ "virtqueue_get_buf_ctx_split", "virtqueue_get_buf_ctx_packed" },
};

static int choose_programs(struct vring_trace *skel, enum kernel_use use,
			   const struct kernel_types *types)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj)
	{
		bool wanted = prog == skel->progs.walk_queues || use == KERNEL_TRACE;

		if (wanted && !has_type(types, hooked_function(prog), BTF_KIND_FUNC)) {
			if (prog == skel->progs.walk_queues) {
				tool_error("this kernel has no function dev_attr_show to find "
					   "the queues by");
				return TOOL_NO_TRACE;
			}
			wanted = false;
		}
		bpf_program__set_autoload(prog, wanted);
	}
	if (use != KERNEL_TRACE)
		return 0;
	for (unsigned int i = 0; i < sizeof(needed_hooks) / sizeof(needed_hooks[0]); i++) {
		bool found = false;

		for (int j = 0; j < 4 && needed_hooks[i][j]; j++)
			found |= has_type(types, needed_hooks[i][j], BTF_KIND_FUNC);
		if (!found) {
			tool_error("this kernel has no function %s to hook", needed_hooks[i][0]);
			return TOOL_NO_TRACE;
		}
	}
	return 0;
}

static int check_rights_and_types(struct kernel_types *types)
{
	int error;

	if (!may_load_bpf()) {
		tool_error("no right to load BPF programs: needs CAP_BPF and CAP_PERFMON; "
			   "run it as root");
		return TOOL_NO_TRACE;
	}
	if (access(BTF_DIR "/vmlinux", R_OK)) {
		tool_error("no BTF: %s/vmlinux: %s; the kernel must be built with "
			   "CONFIG_DEBUG_INFO_BTF",
			   BTF_DIR, strerror(errno));
		return TOOL_NO_TRACE;
	}
	error = load_types(types);
	if (error) {
		tool_error("cannot read the kernel's BTF: %s", strerror(-error));
		return TOOL_NO_TRACE;
	}
	if (!has_type(types, "vring_virtqueue", BTF_KIND_STRUCT)) {
		tool_error("no struct vring_virtqueue in this kernel's BTF: the virtio_ring module "
			   "is not loaded, or has no BTF");
		return TOOL_NO_TRACE;
	}
	/* The kernel lists the BTF of modules to CAP_SYS_ADMIN alone. */
	if (btf__find_by_name_kind(types->vmlinux, "vring_virtqueue", BTF_KIND_STRUCT) < 0 &&
	    !(capabilities() & CAP_SYS_ADMIN_BIT)) {
		tool_error("no right to the type information of modules, and virtio_ring is one "
			   "here: needs CAP_SYS_ADMIN; run it as root");
		return TOOL_NO_TRACE;
	}
	return 0;
}

/* BPF is told whose reading of /sys is ours: this process, by its number in its own namespace. */
static int name_walker(struct vring_trace *skel)
{
	struct stat ns;

	if (stat("/proc/self/ns/pid", &ns))
		return -errno;
	skel->rodata->walker = getpid();
	skel->rodata->walker_ns_dev = ns.st_dev;
	skel->rodata->walker_ns_ino = ns.st_ino;
	return 0;
}

int kernel_open(enum kernel_use use, void (*prepare)(struct vring_trace *skel, void *arg),
		void *arg, struct vring_trace **skelp)
{
	struct kernel_types types = {};
	struct vring_trace *skel = NULL;
	int status, error;

	libbpf_set_print(show_libbpf);
	status = check_rights_and_types(&types);
	if (status)
		goto out_types;
	status = TOOL_NO_TRACE;
	skel = vring_trace__open();
	if (!skel) {
		tool_error("cannot open the BPF object: %s", strerror(errno));
		goto out_types;
	}
	if (choose_programs(skel, use, &types))
		goto out_skel;
	error = name_walker(skel);
	if (error) {
		tool_error("cannot tell this PID namespace: %s", strerror(-error));
		goto out_skel;
	}
	/* A walk needs no room for events. */
	if (use == KERNEL_WALK)
		bpf_map__set_max_entries(skel->maps.events, sysconf(_SC_PAGESIZE));
	if (prepare)
		prepare(skel, arg);
	error = vring_trace__load(skel);
	if (error) {
		tool_error("the kernel refused the BPF programs: %s%s; -v tells more",
			   strerror(-error),
			   error == -EPERM ? " (locked down? see /sys/kernel/security/lockdown)" :
					     "");
		goto out_skel;
	}
	*skelp = skel;
	free_types(&types);
	return 0;

out_skel:
	vring_trace__destroy(skel);
out_types:
	free_types(&types);
	return status;
}

int kernel_attach_hooks(struct vring_trace *skel)
{
	struct bpf_program *prog;
	int hooks = 0;

	/* The walk is attached and detached by itself, around each listing. */
	bpf_program__set_autoattach(skel->progs.walk_queues, false);
	bpf_object__for_each_program(prog, skel->obj) hooks +=
		bpf_program__autoload(prog) && prog != skel->progs.walk_queues;
	if (vring_trace__attach(skel)) {
		tool_error("cannot attach the hooks: %s; -v tells more", strerror(errno));
		return -TOOL_NO_TRACE;
	}
	return hooks;
}

unsigned long long kernel_missed(const struct vring_trace *skel)
{
	unsigned long long missed = 0;
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj)
	{
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			missed += info.recursion_misses;
	}
	return missed;
}
