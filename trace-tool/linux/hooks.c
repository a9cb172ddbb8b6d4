/* SPDX-License-Identifier: MIT */
/*
 * Finds, in the kernel's own type information, the functions in which a ring moves, and sets the
 * hooks. The version of the kernel is never asked for: a family of functions is hooked as far as
 * it exists.
 *
 * There is one plan in a process: vring-trace does one thing and ends.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vring_trace.skel.h"

#include "hooks.h"
#include "../tool.h"

#define MAX_HOOKS 40

static struct hook plan[MAX_HOOKS];
static bool verdict_only, can_cast;
static size_t planned;
static struct vt_add_function add_functions[VT_ADD_SLOTS];
static struct bpf_link *links[2 * MAX_HOOKS]; /* a decision and, by kprobe, a return takes two */
_Static_assert(2 * MAX_HOOKS <= VT_MAX_LINKS, "each link has an entry in own_links");
static size_t link_count;
static struct vring_trace *hooked; /* while hooks are set */
static bool counts_misses;	   /* by kprobe, and the kernel lets us look at its probes */
static struct bpf_link *hits;	   /* what reads the kernel's counts of them */
static uint64_t missed_before, missed;

/* ---- types ---- */

struct named_type {
	const char *name;
	const struct btf *btf;
	int id;
	unsigned int kind;
};

/* Most that is looked for begins with v: virtqueue_, vring_, vp_, vm_. */
static bool of_interest(const char *name)
{
	return name[0] == 'v' || !strcmp(name, "dev_attr_show") ||
	       !strcmp(name, "bpf_iter_bpf_link") || !strcmp(name, "bpf_rdonly_cast");
}

int types_scan(struct kernel_types *types, const struct btf *btf)
{
	const struct btf *base = btf__base_btf(btf);
	unsigned int count = btf__type_cnt(btf);

	for (unsigned int id = base ? btf__type_cnt(base) : 1; id < count; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off);
		struct named_type *grown;

		if ((!btf_is_func(type) && !btf_is_struct(type)) || !of_interest(name))
			continue;
		/* Grown by powers of two, from 64. */
		if (!(types->named_count & (types->named_count - 1)) &&
		    (!types->named_count || types->named_count >= 64)) {
			size_t room = types->named_count ? 2 * types->named_count : 64;

			grown = reallocarray(types->named, room, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			types->named = grown;
		}
		types->named[types->named_count++] =
			(struct named_type){ name, btf, id, btf_kind(type) };
	}
	return 0;
}

int types_find(const struct kernel_types *types, const char *name, unsigned int kind,
	       const struct btf **btf)
{
	for (size_t i = 0; i < types->named_count; i++) {
		const struct named_type *named = &types->named[i];

		if (named->kind != kind || strcmp(named->name, name))
			continue;
		if (btf)
			*btf = named->btf;
		return named->id;
	}
	return 0;
}

/* ---- planning ---- */

static bool exists(const struct kernel_types *types, const char *function)
{
	return types_find(types, function, BTF_KIND_FUNC, NULL) != 0;
}

static bool is_planned(const char *function)
{
	for (size_t i = 0; i < planned; i++)
		if (!strcmp(plan[i].function, function))
			return true;
	return false;
}

static struct hook *add_hook(const char *function, enum vring_event_type event, unsigned int slot)
{
	struct hook *hook = &plan[planned];

	if (planned == MAX_HOOKS || is_planned(function))
		return NULL;
	snprintf(hook->function, sizeof(hook->function), "%s", function);
	hook->event = event;
	hook->slot = slot;
	planned++;
	return hook;
}

/* Those of @names that exist, each in a slot of its own. Return: how many. */
static unsigned int plan_names(const struct kernel_types *types, enum vring_event_type event,
			       const char *const *names, unsigned int count)
{
	unsigned int slot = 0;

	for (unsigned int i = 0; i < count; i++)
		if (exists(types, names[i]) && add_hook(names[i], event, slot))
			slot++;
	return slot;
}
#define PLAN_NAMES(types, event, names) \
	plan_names(types, event, names, sizeof(names) / sizeof(names[0]))

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* Calls @take for each function whose name begins with @prefix. */
static void each_function(const struct kernel_types *types, const char *prefix,
			  void (*take)(const struct btf *btf, const struct btf_type *type,
				       const char *name))
{
	for (size_t i = 0; i < types->named_count; i++) {
		const struct named_type *named = &types->named[i];

		if (named->kind == BTF_KIND_FUNC && !strncmp(named->name, prefix, strlen(prefix)))
			take(named->btf, btf__type_by_id(named->btf, named->id), named->name);
	}
}

/* The number of the argument called @name, or 0; the first, 0, is the virtqueue in all of them. */
static unsigned int argument(const struct btf *btf, const struct btf_type *proto, const char *name)
{
	for (unsigned int i = 1; i < btf_vlen(proto); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_params(proto)[i].name_off), name))
			return i;
	return 0;
}

/*
 * The exported ones take the caller's token as `data`. Those that end in _split, _packed and
 * _in_order are what they call inside, once for each add: they would count it twice.
 */
static void plan_add(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_type *proto = btf__type_by_id(btf, type->type);
	struct vt_add_function function = { .args = btf_vlen(proto) };
	unsigned int slot = 0;

	for (size_t i = 0; i < planned; i++)
		slot += plan[i].event == VRING_EVENT_ADD;
	function.data = argument(btf, proto, "data");
	if (!function.data || function.data > 5 || slot == VT_ADD_SLOTS ||
	    ends_with(name, "_split") || ends_with(name, "_packed") || ends_with(name, "_in_order"))
		return;
	function.out = argument(btf, proto, "out_sgs");
	function.in = argument(btf, proto, "in_sgs");
	function.fixed_out = !function.out && strstr(name, "outbuf");
	function.fixed_in = !function.in && strstr(name, "inbuf");
	if (add_hook(name, VRING_EVENT_ADD, slot))
		add_functions[slot] = function;
}

/* virtqueue_get_buf and virtqueue_get_buf_ctx end in one of these, which one the layout decides. */
static void plan_reap(const struct btf *btf, const struct btf_type *type, const char *name)
{
	unsigned int slot = 0;

	(void)btf;
	(void)type;
	for (size_t i = 0; i < planned; i++)
		slot += plan[i].event == VRING_EVENT_REAP;
	if (slot < 4)
		add_hook(name, VRING_EVENT_REAP, slot);
}

static void plan_event(const struct kernel_types *types, enum vring_event_type event)
{
	static const char *const decision[] = { "virtqueue_kick_prepare" };
	/* Since 7.0 virtqueue_kick calls these two and not that one. */
	static const char *const decisions[] = { "virtqueue_kick_prepare_split",
						 "virtqueue_kick_prepare_packed" };
	static const char *const doorbells[] = {
		"vp_notify",	       "vp_notify_with_data", "vm_notify",
		"vm_notify_with_data", "virtio_vdpa_notify",  "virtio_vdpa_notify_with_data"
	};
	static const char *const interrupt[] = { "vring_interrupt" };
	/* The first is for off; the others for on. */
	static const char *const callbacks[] = { "virtqueue_disable_cb", "virtqueue_enable_cb",
						 "virtqueue_enable_cb_prepare",
						 "virtqueue_enable_cb_delayed" };

	switch (event) {
	case VRING_EVENT_ADD:
		each_function(types, "virtqueue_add_", plan_add);
		break;
	case VRING_EVENT_KICK:
		if (!PLAN_NAMES(types, event, decisions))
			PLAN_NAMES(types, event, decision);
		break;
	case VRING_EVENT_NOTIFY:
		PLAN_NAMES(types, event, doorbells);
		break;
	case VRING_EVENT_INTERRUPT:
		PLAN_NAMES(types, event, interrupt);
		break;
	case VRING_EVENT_REAP:
		each_function(types, "virtqueue_get_buf_ctx_", plan_reap);
		break;
	case VRING_EVENT_CALLBACKS:
		for (unsigned int i = 0; i < 4; i++)
			if (exists(types, callbacks[i]))
				add_hook(callbacks[i], event, i);
		break;
	default:
		break;
	}
}

/* bpf_rdonly_cast takes types of the kernel proper, not of modules. */
static bool knows_cast(const struct kernel_types *types)
{
	const struct btf *btf;

	return exists(types, "bpf_rdonly_cast") &&
	       types_find(types, "vring_virtqueue", BTF_KIND_STRUCT, &btf) && btf == types->vmlinux;
}

int hooks_plan(const struct kernel_types *types, unsigned int events, bool kprobe)
{
	static const char *const wanted[] = {
		[VRING_EVENT_ADD] = "virtqueue_add_*",
		[VRING_EVENT_KICK] = "virtqueue_kick_prepare",
		[VRING_EVENT_NOTIFY] = "vp_notify or vm_notify",
		[VRING_EVENT_INTERRUPT] = "vring_interrupt",
		[VRING_EVENT_REAP] = "virtqueue_get_buf_ctx_*",
	};

	planned = 0;
	can_cast = knows_cast(types);
	counts_misses = kprobe && types->own && exists(types, "bpf_iter_bpf_link");
	verdict_only = events & HOOKS_VERDICT_ONLY;
	for (unsigned int event = 1; event < VRING_EVENT_TYPES; event++) {
		size_t before = planned;

		if (!(events & HOOKS_OF(event)))
			continue;
		plan_event(types, event);
		if (planned == before && event != VRING_EVENT_CALLBACKS) {
			tool_error("this kernel has no function %s to hook", wanted[event]);
			return TOOL_NO_TRACE;
		}
	}
	for (size_t i = 0; i < planned; i++)
		plan[i].kprobe = kprobe;
	return 0;
}

size_t hooks_list(const struct hook **hooks)
{
	*hooks = plan;
	return planned;
}

/* ---- preparing ---- */

static struct bpf_program *program(struct vring_trace *skel, const char *role, const char *how,
				   int slot)
{
	char name[48];

	if (slot < 0)
		snprintf(name, sizeof(name), "%s_%s", role, how);
	else
		snprintf(name, sizeof(name), "%s_%s_%d", role, how, slot);
	return bpf_object__find_program_by_name(skel->obj, name);
}

/* The programs of one hook: on entry, on return; NULL where that is not looked at. */
static void programs_of(struct vring_trace *skel, const struct hook *hook,
			struct bpf_program **entry, struct bpf_program **back)
{
	static const char *const roles[] = {
		[VRING_EVENT_ADD] = "add",	   [VRING_EVENT_KICK] = "kick",
		[VRING_EVENT_NOTIFY] = "doorbell", [VRING_EVENT_INTERRUPT] = "interrupt",
		[VRING_EVENT_REAP] = "reap",	   [VRING_EVENT_CALLBACKS] = "callbacks",
	};
	const char *role = roles[hook->event];
	int slot = hook->slot;

	if (hook->kprobe) {
		*entry = program(skel, role, "kprobe", -1);
		*back = program(skel, role, "kretprobe", -1);
	} else if (hook->event == VRING_EVENT_CALLBACKS) {
		*entry = NULL;
		*back = slot ? program(skel, "on", "fexit", slot - 1) :
			       program(skel, "off", "fexit", 0);
	} else {
		*entry = program(skel, role, "fentry", slot);
		if (hook->event == VRING_EVENT_KICK && verdict_only)
			*entry = NULL;
		*back = program(skel, role, "fexit", slot);
	}
}

static int prepare_program(struct bpf_program *prog, const struct hook *hook)
{
	if (!prog)
		return 0;
	bpf_program__set_autoload(prog, true);
	return hook->kprobe ? 0 : bpf_program__set_attach_target(prog, 0, hook->function);
}

int hooks_prepare(struct vring_trace *skel)
{
	int error = 0;

	for (size_t i = 0; !error && i < planned; i++) {
		struct bpf_program *entry, *back;

		programs_of(skel, &plan[i], &entry, &back);
		error = prepare_program(entry, &plan[i]);
		if (!error)
			error = prepare_program(back, &plan[i]);
	}
	bpf_program__set_autoload(skel->progs.sum_hits, counts_misses);
	skel->rodata->verdict_only = verdict_only;
	skel->rodata->can_cast = can_cast;
	memcpy((void *)skel->rodata->add_functions, add_functions, sizeof(add_functions));
	return error;
}

/* ---- calls that a kprobe did not show ---- */

/* Has the kernel add up how often our probes were hit and passed over. Return: success. */
static bool read_hits(uint64_t *count)
{
	char nothing[64];
	int fd = bpf_iter_create(bpf_link__fd(hits));
	ssize_t got;

	if (fd < 0)
		return false;
	hooked->bss->probe_hits = hooked->bss->probe_misses = 0;
	do
		got = read(fd, nothing, sizeof(nothing));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	close(fd);
	*count = hooked->bss->probe_hits + hooked->bss->probe_misses;
	return got == 0;
}

static uint64_t read_runs(void)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t counts[VT_MAX_CPUS], sum = 0;
	const uint32_t zero = 0;

	if (cpus > VT_MAX_CPUS ||
	    bpf_map_lookup_elem(bpf_map__fd(hooked->maps.runs), &zero, counts))
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += counts[cpu];
	return sum;
}

/*
 * Hits without a run. The two are not read at the same moment, so a reading counts if no hit came
 * meanwhile; and of a few of these the least, because a hit may be about to lead to its run. If
 * hits never cease, those of before the runs were read are held against them: no less was missed.
 */
static uint64_t read_missed(void)
{
	uint64_t before, runs, after = 0, least = UINT64_MAX, bound = 0;
	int good = 0;

	for (int tries = 0; tries < 50 && good < 3; tries++) {
		if (tries)
			usleep(1000);
		if (!read_hits(&before))
			return missed_before + missed;
		runs = read_runs();
		if (before > runs && before - runs > bound)
			bound = before - runs;
		if (!read_hits(&after) || after != before || runs > after)
			continue;
		good++;
		if (after - runs < least)
			least = after - runs;
	}
	return good ? least : bound;
}

bool hooks_missed(uint64_t *count)
{
	uint64_t now;

	if (!counts_misses)
		return false;
	if (hits) {
		now = read_missed();
		if (now > missed_before + missed)
			missed = now - missed_before;
	}
	*count = missed;
	return true;
}

/* Lets sum_hits know the probe by its link. */
static int own_link(const struct bpf_link *link)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	const uint8_t one = 1;

	if (bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &len) ||
	    bpf_map_update_elem(bpf_map__fd(hooked->maps.own_links), &info.id, &one, 0))
		return -errno;
	return 0;
}

static void begin_counting_misses(void)
{
	for (size_t i = 0; counts_misses && i < link_count; i++)
		counts_misses = !own_link(links[i]);
	if (!counts_misses)
		return;
	hits = bpf_program__attach_iter(hooked->progs.sum_hits, NULL);
	counts_misses = hits != NULL;
	missed = missed_before = 0;
	if (hits)
		missed_before = read_missed();
}

/* ---- setting ---- */

static int attach_program(struct bpf_program *prog, const struct hook *hook, bool on_return)
{
	LIBBPF_OPTS(bpf_kprobe_opts, options, .retprobe = on_return, .bpf_cookie = hook->slot);
	struct bpf_link *link;

	if (!prog)
		return 0;
	if (hook->kprobe)
		link = bpf_program__attach_kprobe_opts(prog, hook->function, &options);
	else
		link = bpf_program__attach(prog);
	if (!link)
		return -errno;
	links[link_count++] = link;
	return 0;
}

int hooks_attach(struct vring_trace *skel)
{
	hooked = skel;
	for (size_t i = 0; i < planned; i++) {
		struct bpf_program *entry, *back;
		int error;

		programs_of(skel, &plan[i], &entry, &back);
		/* The return first: no call shall begin that is not seen to end. */
		error = attach_program(back, &plan[i], true);
		if (!error)
			error = attach_program(entry, &plan[i], false);
		if (error) {
			tool_error("cannot hook %s by %s: %s; -v tells more", plan[i].function,
				   plan[i].kprobe ? "kprobe" : "fentry", strerror(-error));
			hooks_detach();
			return error;
		}
	}
	begin_counting_misses();
	return planned;
}

void hooks_detach(void)
{
	uint64_t last;

	hooks_missed(&last);
	bpf_link__destroy(hits);
	hits = NULL;
	while (link_count)
		bpf_link__destroy(links[--link_count]);
}
