/* SPDX-License-Identifier: MIT */
/*
 * A device as text, word for word.
 */
#include "fake_device.h"
#include "tests/support/select.h"

static char text[2048];

static void collect(const char *line, void *arg)
{
	(void)arg;
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n", line);
}

static void a_device_without_a_driver_is_a_few_lines(void **state)
{
	struct fake_device disk;

	(void)state;
	fake_init(&disk, 99, VERSION_1, 0);
	text[0] = 0;
	register_virtio_device(&disk.vdev);
	virtio_device_show(&disk.vdev, collect, NULL);
	assert_string_equal(text, "virtio0 on fake\n"
				  "device    0x0063 unknown\n"
				  "vendor    0x1af4\n"
				  "driver    none\n"
				  "status    0x01 ACKNOWLEDGE\n"
				  "modalias  virtio:d00000063v00001AF4\n"
				  "features  none\n");
	unregister_virtio_device(&disk.vdev);
}

static void features_have_the_names_of_their_device(void **state)
{
	struct fake_device disk;

	(void)state;
	fake_init(&disk, VIRTIO_ID_BLOCK, 0, 0);
	disk.status = 0xcf;
	disk.vdev.features =
		(struct virtio_features){ { VERSION_1 | 1 << 9 | 1 << 29, 1ull << 33 } };
	text[0] = 0;
	virtio_device_show(&disk.vdev, collect, NULL);
	assert_non_null(strstr(text, "device    0x0002 block\n"));
	assert_non_null(strstr(text, "status    0xcf ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK "
				     "NEEDS_RESET FAILED\n"));
	assert_non_null(strstr(text, "features    9 FLUSH\n"
				     "           29 EVENT_IDX\n"
				     "           32 VERSION_1\n"
				     "           97 unknown\n"));
}

static void names_follow_the_device_they_are_of(void **state)
{
	(void)state;
	assert_string_equal(virtio_feature_name(VIRTIO_ID_NET, 5), "MAC");
	assert_string_equal(virtio_feature_name(VIRTIO_ID_BLOCK, 5), "RO");
	assert_string_equal(virtio_feature_name(VIRTIO_ID_RNG, 34), "RING_PACKED");
	assert_string_equal(virtio_feature_name(VIRTIO_ID_BLOCK, 43), "SUSPEND");
	assert_string_equal(virtio_feature_name(VIRTIO_ID_NET, 70), "IPSEC");
	assert_string_equal(virtio_feature_name(VIRTIO_ID_VSOCK, 1), "SEQPACKET");
	assert_null(virtio_feature_name(VIRTIO_ID_BLOCK, 70));
	assert_null(virtio_feature_name(VIRTIO_ID_RNG, 5));
	assert_string_equal(virtio_id_name(VIRTIO_ID_SCSI), "scsi");
	assert_null(virtio_id_name(1000));
}

static void a_modalias_is_as_linux_spells_it(void **state)
{
	struct virtio_device vdev = { .id = { 2, 0x1af4 } };
	char buf[32];

	(void)state;
	assert_int_equal(virtio_modalias(&vdev, buf, sizeof(buf)), 25);
	assert_string_equal(buf, "virtio:d00000002v00001AF4");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_without_a_driver_is_a_few_lines),
		cmocka_unit_test(features_have_the_names_of_their_device),
		cmocka_unit_test(names_follow_the_device_they_are_of),
		cmocka_unit_test(a_modalias_is_as_linux_spells_it),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
