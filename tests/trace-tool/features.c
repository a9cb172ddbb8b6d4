/* SPDX-License-Identifier: MIT */
/*
 * What features are called, in bus/, and what they mean, in trace-tool/.
 */
#include "tests/support/select.h"

#include <string.h>

#include "bus/virtio_features.h"
#include "bus/virtio_ids.h"
#include "trace-tool/features.h"

static void each_name_has_its_sentence_and_each_sentence_its_name(void **state)
{
	(void)state;
	for (unsigned int id = 1; id < 64; id++)
		for (unsigned int bit = 0; bit < 64; bit++) {
			const char *name = virtio_feature_name(id, bit);
			const char *text = feature_text(id, bit);

			if (!name != !text)
				fail_msg("device %u, bit %u: %s: %s", id, bit,
					 name ? name : "no name", text ? text : "no sentence");
		}
}

static void a_feature_of_one_device_is_none_of_another(void **state)
{
	(void)state;
	assert_string_equal(feature_text(VIRTIO_ID_BLOCK, 9),
			    "there is a cache, and a command that flushes it");
	assert_string_equal(feature_text(VIRTIO_ID_NET, 9), "these may carry ECN");
	assert_null(feature_text(VIRTIO_ID_RNG, 9));
	assert_string_equal(feature_text(VIRTIO_ID_RNG, 29), feature_text(VIRTIO_ID_BLOCK, 29));
}

/* `ls QUEUE` has 27 columns in front of it. */
static void a_sentence_fits_its_line(void **state)
{
	(void)state;
	for (unsigned int id = 1; id < 64; id++)
		for (unsigned int bit = 0; bit < 64; bit++) {
			const char *text = feature_text(id, bit);

			if (text && strlen(text) > 100 - 27)
				fail_msg("device %u, bit %u: %s", id, bit, text);
		}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_has_its_sentence_and_each_sentence_its_name),
		cmocka_unit_test(a_feature_of_one_device_is_none_of_another),
		cmocka_unit_test(a_sentence_fits_its_line),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
