/* SPDX-License-Identifier: MIT */
/*
 * Interrupts on the host ground: when handlers run, and that a mistake ends the program instead of
 * passing unseen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "platform/host/host.h"
#include "platform/host/host_internal.h"
#include "platform/platform.h"
#include "ring/vring_errno.h"
#include "tests/support/select.h"

static unsigned int calls, on_cpu;
static struct PCIDevice card; /* whose pin the line tests use */

static int setup(void **state)
{
	struct PCIIdentity id = { .vendor = 1, .interrupt_pin = 2 };
	static const struct PCIDeviceClass class = { 0 };

	(void)state;
	platform_host_reset();
	calls = 0;
	pci_device_init(&card, &class, &id);
	platform_host_plug(&card, 5 << 3);
	return 0;
}

static int teardown(void **state)
{
	struct platform_host_usage usage = platform_host_usage();

	(void)state;
	platform_host_unplug_all();
	platform_host_reset();
	return usage.interrupts || usage.handlers;
}

static int count(int irq, void *data)
{
	(void)irq;
	(void)data;
	calls++;
	on_cpu = platform_cpu();
	return 1;
}

static int quiet_the_card(int irq, void *data)
{
	(void)irq;
	(void)data;
	calls++;
	pci_set_irq(&card, false);
	return 1;
}

static void send(const struct platform_msi *msi)
{
	host_irq_message(NULL, msi->address, msi->data);
}

static void a_message_becomes_a_call_when_somebody_waits(void **state)
{
	struct platform_msi msi;
	int irq = platform_msi_alloc(0, &msi);

	(void)state;
	assert_int_equal(platform_irq_request(irq, count, "test", NULL), 0);
	send(&msi);
	assert_int_equal(calls, 0);
	assert_true(platform_host_interrupt_pending());
	assert_true(platform_wait(PLATFORM_FOREVER));
	assert_int_equal(calls, 1);
	assert_int_equal(platform_irq_count(irq), 1);
	assert_false(platform_wait(platform_now() + 5));
	platform_irq_free(irq, NULL);
	platform_msi_free(irq);
}

static void messages_that_come_together_are_one_interrupt(void **state)
{
	struct platform_msi msi;
	int irq = platform_msi_alloc(0, &msi);

	(void)state;
	platform_irq_request(irq, count, "test", NULL);
	send(&msi);
	send(&msi);
	assert_true(platform_wait(PLATFORM_FOREVER));
	assert_int_equal(calls, 1);
	platform_irq_free(irq, NULL);
	platform_msi_free(irq);
}

static void a_message_without_a_handler_is_lost(void **state)
{
	struct platform_msi msi;
	int irq = platform_msi_alloc(0, &msi);

	(void)state;
	send(&msi);
	platform_irq_request(irq, count, "test", NULL);
	assert_false(platform_wait(platform_now() + 5));
	platform_irq_free(irq, NULL);
	platform_msi_free(irq);
	send(&msi); /* and one to a number that was given back */
	assert_false(platform_host_interrupt_pending());
}

static void handlers_run_at_unlock_if_told_to(void **state)
{
	struct platform_lock outer = { 0 }, inner = { 0 };
	struct platform_msi msi;
	int irq = platform_msi_alloc(0, &msi);

	(void)state;
	platform_irq_request(irq, count, "test", NULL);
	platform_lock(&outer);
	send(&msi);
	platform_unlock(&outer);
	assert_int_equal(calls, 0);
	platform_host_deliver_at_unlock(true);
	platform_lock(&outer);
	platform_lock(&inner);
	platform_unlock(&inner);
	assert_int_equal(calls, 0); /* the outer one keeps interrupts off */
	platform_unlock(&outer);
	assert_int_equal(calls, 1);
	platform_irq_free(irq, NULL);
	platform_msi_free(irq);
}

static void a_handler_runs_on_the_cpu_that_the_message_names(void **state)
{
	struct platform_msi msi;
	int irq;

	(void)state;
	platform_host_set_cpus(4);
	irq = platform_msi_alloc(3, &msi);
	platform_irq_request(irq, count, "test", NULL);
	send(&msi);
	platform_wait(PLATFORM_FOREVER);
	assert_int_equal(on_cpu, 3);
	assert_int_equal(platform_msi_set_cpu(irq, 1, &msi), 0);
	send(&msi);
	platform_wait(PLATFORM_FOREVER);
	assert_int_equal(on_cpu, 1);
	assert_int_equal(platform_cpu(), 0); /* we are where we were */
	assert_int_equal(platform_msi_set_cpu(irq, 4, &msi), -EINVAL);
	platform_irq_free(irq, NULL);
	platform_msi_free(irq);
}

static void messages_can_be_made_scarce(void **state)
{
	struct platform_msi msi;
	int irq;

	(void)state;
	platform_host_limit_msis(1);
	irq = platform_msi_alloc(0, &msi);
	assert_true(irq >= 0);
	assert_int_equal(platform_msi_alloc(0, &msi), -ENOSPC);
	platform_msi_free(irq);
}

static void a_line_calls_all_until_it_is_down(void **state)
{
	int line = platform_intx(5, 2), other;

	(void)state;
	assert_int_equal(platform_irq_request(line, count, "shares it", &other), 0);
	assert_int_equal(platform_irq_request(line, quiet_the_card, "card", &card), 0);
	pci_set_irq(&card, true);
	assert_true(platform_wait(PLATFORM_FOREVER));
	assert_int_equal(calls, 2);
	assert_false(platform_wait(platform_now() + 5));
	platform_irq_free(line, &other);
	platform_irq_free(line, &card);
}

static void a_line_without_a_handler_disturbs_nobody(void **state)
{
	(void)state;
	pci_set_irq(&card, true);
	assert_false(platform_wait(platform_now() + 5));
}

/* ---- mistakes ---- */

/* Does @mistake end the program? In a child, without its last words. */
static bool is_fatal(void (*mistake)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		fclose(stderr);
		signal(SIGABRT, SIG_DFL);
		mistake();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void waits_for_ever(void)
{
	platform_wait(PLATFORM_FOREVER);
}

static void waits_with_a_lock(void)
{
	struct platform_lock lock = { 0 };

	platform_lock(&lock);
	platform_wait(platform_now() + 1);
}

static void locks_twice(void)
{
	struct platform_lock lock = { 0 };

	platform_lock(&lock);
	platform_lock(&lock);
}

static void unlocks_twice(void)
{
	struct platform_lock lock = { 0 };

	platform_lock(&lock);
	platform_unlock(&lock);
	platform_unlock(&lock);
}

static void lets_a_line_scream(void)
{
	platform_irq_request(platform_intx(5, 2), count, "deaf", NULL);
	pci_set_irq(&card, true);
	platform_wait(PLATFORM_FOREVER);
}

static void frees_an_interrupt_in_use(void)
{
	struct platform_msi msi;
	int irq = platform_msi_alloc(0, &msi);

	platform_irq_request(irq, count, "test", NULL);
	platform_msi_free(irq);
}

static void frees_memory_twice(void)
{
	uint64_t dma;
	void *memory = platform_dma_alloc(1, &dma);

	platform_dma_free(memory, 1);
	platform_dma_free(memory, 1);
}

static void accesses_across_a_word(void)
{
	platform_mmio_read32(0xe0000002);
}

static void reads_config_space_askew(void)
{
	platform_pci_read(5 << 3, 1, 2);
}

static void mistakes_end_the_program(void **state)
{
	void (*const mistakes[])(void) = {
		waits_for_ever,	    waits_with_a_lock,	    locks_twice,
		unlocks_twice,	    lets_a_line_scream,	    frees_an_interrupt_in_use,
		frees_memory_twice, accesses_across_a_word, reads_config_space_askew,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++)
		if (!is_fatal(mistakes[i]))
			fail_msg("mistake %zu passes", i);
}

#define GROUND_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		GROUND_TEST(a_message_becomes_a_call_when_somebody_waits),
		GROUND_TEST(messages_that_come_together_are_one_interrupt),
		GROUND_TEST(a_message_without_a_handler_is_lost),
		GROUND_TEST(handlers_run_at_unlock_if_told_to),
		GROUND_TEST(a_handler_runs_on_the_cpu_that_the_message_names),
		GROUND_TEST(messages_can_be_made_scarce),
		GROUND_TEST(a_line_calls_all_until_it_is_down),
		GROUND_TEST(a_line_without_a_handler_disturbs_nobody),
		GROUND_TEST(mistakes_end_the_program),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
