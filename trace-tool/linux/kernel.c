/* SPDX-License-Identifier: MIT */
/*
 * Loads the BPF object if rights and types allow, and turns each way of being refused into one
 * line.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vring_trace.skel.h"

#include "hooks.h"
#include "kernel.h"
#include "../tool.h"

#define BTF_DIR "/sys/kernel/btf"

static int show_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	/* LIBBPF_WARN is 0, INFO 1, DEBUG 2; -v is warnings, -vv all. */
	if (level == LIBBPF_WARN ? !tool.verbose : tool.verbose < 2)
		return 0;
	return vfprintf(stderr, format, args);
}

/* Whether this kernel has types of its own. */
static bool has_types(void)
{
	return !access(BTF_DIR "/vmlinux", R_OK);
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

/* ---- types ---- */

/* On Debian's 6.1 the virtio core is a module, on 6.12 it is built in. */
static int load_types(struct kernel_types *types)
{
	struct dirent *entry;
	int error = 0;
	DIR *dir;

	types->own = has_types();
	if (tool.btf) {
		types->vmlinux = btf__parse(tool.btf, NULL);
		return types->vmlinux ? types_scan(types, types->vmlinux) : -errno;
	}
	types->vmlinux = btf__load_vmlinux_btf();
	if (!types->vmlinux)
		return -errno;
	if (types_scan(types, types->vmlinux))
		return -ENOMEM;
	dir = opendir(BTF_DIR);
	if (!dir)
		return -errno;
	while (!error && (entry = readdir(dir)) && types->module_count < TYPES_MODULES) {
		struct btf *btf;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "vmlinux"))
			continue;
		btf = btf__load_module_btf(entry->d_name, types->vmlinux);
		if (!btf)
			continue;
		types->modules[types->module_count++] = btf;
		error = types_scan(types, btf);
	}
	closedir(dir);
	return error;
}

static void free_types(struct kernel_types *types)
{
	for (int i = 0; i < types->module_count; i++)
		btf__free(types->modules[i]);
	btf__free(types->vmlinux);
	free(types->named);
}

static bool has_field(const struct btf *btf, int struct_id, const char *name)
{
	const struct btf_type *type = btf__type_by_id(btf, struct_id);

	for (unsigned int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return true;
	return false;
}

static int check_rights(void)
{
	if (!may_load_bpf()) {
		tool_error("no right to load BPF programs: needs CAP_BPF and CAP_PERFMON; "
			   "run it as root");
		return TOOL_NO_TRACE;
	}
	if (!tool.btf && !has_types()) {
		tool_error("no BTF: %s/vmlinux: %s; the kernel must be built with "
			   "CONFIG_DEBUG_INFO_BTF, or its BTF given by --btf",
			   BTF_DIR, strerror(errno));
		return TOOL_NO_TRACE;
	}
	return 0;
}

/* A struct that would be misread is worse than none: the layout's field must be a known one. */
static int check_types(const struct kernel_types *types)
{
	const struct btf *btf;
	int vvq = types_find(types, "vring_virtqueue", BTF_KIND_STRUCT, &btf);

	if (!vvq && tool.btf) {
		tool_error("no struct vring_virtqueue in %s: it must hold the types of "
			   "virtio_ring too",
			   tool.btf);
		return TOOL_NO_TRACE;
	}
	if (!vvq) {
		tool_error("no struct vring_virtqueue in this kernel's BTF: the virtio_ring module "
			   "is not loaded, or has no BTF");
		return TOOL_NO_TRACE;
	}
	/* The kernel lists the BTF of modules to CAP_SYS_ADMIN alone. */
	if (btf != types->vmlinux && !(capabilities() & CAP_SYS_ADMIN_BIT)) {
		tool_error("no right to the type information of modules, and virtio_ring is one "
			   "here: needs CAP_SYS_ADMIN; run it as root");
		return TOOL_NO_TRACE;
	}
	if (!has_field(btf, vvq, "packed_ring") && !has_field(btf, vvq, "layout")) {
		tool_error("this kernel's struct vring_virtqueue has neither packed_ring nor "
			   "layout: its rings cannot be told apart");
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

static void say_plan(bool kprobe)
{
	const struct hook *hooks;
	size_t count = hooks_list(&hooks);

	printf("%-32s %s\n", "FUNCTION", "BY");
	printf("%-32s %s\n", "dev_attr_show", kprobe ? "kprobe" : "fentry");
	for (size_t i = 0; i < count; i++)
		printf("%-32s %s\n", hooks[i].function, kprobe ? "kprobe" : "fentry");
}

static bool by_kprobe; /* what was settled on */

const char *kernel_backend(void)
{
	return by_kprobe ? "kprobe" : "fentry";
}

struct bpf_program *kernel_walk_program(struct vring_trace *skel)
{
	return by_kprobe ? skel->progs.walk_kprobe : skel->progs.walk_fentry;
}

struct request {
	unsigned int events;
	void (*prepare)(struct vring_trace *skel, void *arg);
	void *arg;
};

/*
 * The skeleton has a place for each map, program and variable; a kernel without types of its own is
 * given another object with the same in it.
 */
static struct vring_trace *open_object(const struct bpf_object_open_opts *options)
{
	static const _Alignas(8) unsigned char untyped[] = {
#include "vring_trace_untyped.inc"
	};
	struct vring_trace *skel;
	int error;

	if (has_types())
		return vring_trace__open_opts(options);
	skel = calloc(1, sizeof(*skel));
	if (!skel)
		return NULL;
	error = vring_trace__create_skeleton(skel);
	if (!error) {
		skel->skeleton->data = (void *)untyped;
		skel->skeleton->data_sz = sizeof(untyped);
		error = bpf_object__open_skeleton(skel->skeleton, options);
	}
	if (!error)
		return skel;
	vring_trace__destroy(skel);
	errno = -error;
	return NULL;
}

/* Loads, and sets one hook for a moment. Return: the object, or NULL with errno set. */
static struct vring_trace *try_load(const struct request *request)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = tool.btf);
	struct vring_trace *skel = open_object(&options);
	struct bpf_link *trial;
	int error;

	if (!skel)
		return NULL;
	bpf_program__set_autoload(kernel_walk_program(skel), true);
	skel->rodata->only_process = tool.pid;
	skel->rodata->without_walker = tool.no_self;
	error = name_walker(skel);
	if (!error)
		error = hooks_prepare(skel);
	if (error)
		goto out;
	/* A walk needs no room for events. */
	if (!request->events)
		bpf_map__set_max_entries(skel->maps.events, sysconf(_SC_PAGESIZE));
	if (request->prepare)
		request->prepare(skel, request->arg);
	error = vring_trace__load(skel);
	if (error)
		goto out;
	trial = bpf_program__attach(kernel_walk_program(skel));
	if (trial) {
		bpf_link__destroy(trial);
		return skel;
	}
	error = -errno;
out:
	vring_trace__destroy(skel);
	errno = -error;
	return NULL;
}

static int load(const struct request *request, const struct kernel_types *types,
		struct vring_trace **skel)
{
	/* Without BTF of its own the kernel has no fentry. */
	by_kprobe =
		tool.backend == BACKEND_KPROBE || (tool.backend == BACKEND_AUTO && !has_types());
	for (;; by_kprobe = true) {
		if (hooks_plan(types, request->events, by_kprobe))
			return TOOL_NO_TRACE;
		if (tool.dry_run) {
			say_plan(by_kprobe);
			exit(tool_flush());
		}
		*skel = try_load(request);
		if (*skel)
			return 0;
		if (by_kprobe || tool.backend != BACKEND_AUTO || errno == EPERM)
			break;
		if (tool.verbose)
			tool_error("no fentry here: %s; trying kprobes", strerror(errno));
	}
	tool_error("the kernel refused the BPF programs: %s%s; -v tells more", strerror(errno),
		   errno == EPERM ? " (locked down? see /sys/kernel/security/lockdown)" : "");
	return TOOL_NO_TRACE;
}

int kernel_open(unsigned int events, void (*prepare)(struct vring_trace *skel, void *arg),
		void *arg, struct vring_trace **skel)
{
	const struct request request = { events, prepare, arg };
	struct kernel_types types = {};
	int status, error;

	libbpf_set_print(show_libbpf);
	status = check_rights();
	if (status)
		return status;
	error = load_types(&types);
	if (error) {
		tool_error("cannot read BTF: %s: %s", tool.btf ? tool.btf : BTF_DIR,
			   strerror(-error));
		status = TOOL_NO_TRACE;
		goto out;
	}
	status = check_types(&types);
	if (!status)
		status = load(&request, &types, skel);
out:
	free_types(&types);
	return status;
}

static int timing = -1; /* the kernel times BPF programs as long as someone holds this */
static double timed, timing_since;

int kernel_attach_hooks(struct vring_trace *skel)
{
	int hooks = hooks_attach(skel);

	timed = 0; /* that of other programs, which were hooked before these */

	return hooks < 0 ? -TOOL_NO_TRACE : hooks;
}

void kernel_detach_hooks(void)
{
	hooks_detach();
}

/* ---- cost ---- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

void kernel_cost_timing(bool on)
{
	if (on == (timing >= 0))
		return;
	if (on) {
		timing = bpf_enable_stats(BPF_STATS_RUN_TIME);
		timing_since = now();
	} else {
		timed += now() - timing_since;
		close(timing);
		timing = -1;
	}
}

struct kernel_cost kernel_cost(const struct vring_trace *skel)
{
	struct kernel_cost cost = { .timed = timed + (timing >= 0 ? now() - timing_since : 0) };
	struct bpf_program *prog;
	uint64_t by_kprobes;

	bpf_object__for_each_program(prog, skel->obj)
	{
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (bpf_program__fd(prog) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			continue;
		cost.missed += info.recursion_misses;
		cost.run_ns += info.run_time_ns;
	}
	if (hooks_missed(&by_kprobes))
		cost.missed = by_kprobes;
	return cost;
}
