/* SPDX-License-Identifier: MIT */
/*
 * Our structs of PCI config space and BARs against the kernel's user-space header, field by field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/virtio_pci.h>

/* The same names in one program: ours get a suffix. */
#undef VIRTIO_MSI_NO_VECTOR
#undef VIRTIO_PCI_CAP_COMMON_CFG
#undef VIRTIO_PCI_CAP_NOTIFY_CFG
#undef VIRTIO_PCI_CAP_ISR_CFG
#undef VIRTIO_PCI_CAP_DEVICE_CFG
#undef VIRTIO_PCI_CAP_PCI_CFG
#undef VIRTIO_PCI_CAP_SHARED_MEMORY_CFG
#define virtio_pci_cap our_virtio_pci_cap
#define virtio_pci_notify_cap our_virtio_pci_notify_cap
#define virtio_pci_common_cfg our_virtio_pci_common_cfg
#include "pci/virtio_pci.h"

#include "tests/support/select.h"

#define same(macro, type, field) assert_int_equal(macro, offsetof(struct our_##type, field))

static void capability_has_the_layout_of_4_1_4(void **state)
{
	(void)state;
	same(VIRTIO_PCI_CAP_VNDR, virtio_pci_cap, cap_vndr);
	same(VIRTIO_PCI_CAP_NEXT, virtio_pci_cap, cap_next);
	same(VIRTIO_PCI_CAP_LEN, virtio_pci_cap, cap_len);
	same(VIRTIO_PCI_CAP_CFG_TYPE, virtio_pci_cap, cfg_type);
	same(VIRTIO_PCI_CAP_BAR, virtio_pci_cap, bar);
	same(VIRTIO_PCI_CAP_OFFSET, virtio_pci_cap, offset);
	same(VIRTIO_PCI_CAP_LENGTH, virtio_pci_cap, length);
	same(VIRTIO_PCI_NOTIFY_CAP_MULT, virtio_pci_notify_cap, notify_off_multiplier);
}

static void common_config_has_the_layout_of_4_1_4_3(void **state)
{
	(void)state;
	same(VIRTIO_PCI_COMMON_DFSELECT, virtio_pci_common_cfg, device_feature_select);
	same(VIRTIO_PCI_COMMON_DF, virtio_pci_common_cfg, device_feature);
	same(VIRTIO_PCI_COMMON_GFSELECT, virtio_pci_common_cfg, driver_feature_select);
	same(VIRTIO_PCI_COMMON_GF, virtio_pci_common_cfg, driver_feature);
	same(VIRTIO_PCI_COMMON_MSIX, virtio_pci_common_cfg, config_msix_vector);
	same(VIRTIO_PCI_COMMON_NUMQ, virtio_pci_common_cfg, num_queues);
	same(VIRTIO_PCI_COMMON_STATUS, virtio_pci_common_cfg, device_status);
	same(VIRTIO_PCI_COMMON_CFGGENERATION, virtio_pci_common_cfg, config_generation);
	same(VIRTIO_PCI_COMMON_Q_SELECT, virtio_pci_common_cfg, queue_select);
	same(VIRTIO_PCI_COMMON_Q_SIZE, virtio_pci_common_cfg, queue_size);
	same(VIRTIO_PCI_COMMON_Q_MSIX, virtio_pci_common_cfg, queue_msix_vector);
	same(VIRTIO_PCI_COMMON_Q_ENABLE, virtio_pci_common_cfg, queue_enable);
	same(VIRTIO_PCI_COMMON_Q_NOFF, virtio_pci_common_cfg, queue_notify_off);
	same(VIRTIO_PCI_COMMON_Q_DESCLO, virtio_pci_common_cfg, queue_desc_lo);
	same(VIRTIO_PCI_COMMON_Q_DESCHI, virtio_pci_common_cfg, queue_desc_hi);
	same(VIRTIO_PCI_COMMON_Q_AVAILLO, virtio_pci_common_cfg, queue_driver_lo);
	same(VIRTIO_PCI_COMMON_Q_AVAILHI, virtio_pci_common_cfg, queue_driver_hi);
	same(VIRTIO_PCI_COMMON_Q_USEDLO, virtio_pci_common_cfg, queue_device_lo);
	same(VIRTIO_PCI_COMMON_Q_USEDHI, virtio_pci_common_cfg, queue_device_hi);
	same(VIRTIO_PCI_COMMON_Q_NDATA, virtio_pci_common_cfg, queue_notif_config_data);
	same(VIRTIO_PCI_COMMON_Q_RESET, virtio_pci_common_cfg, queue_reset);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capability_has_the_layout_of_4_1_4),
		cmocka_unit_test(common_config_has_the_layout_of_4_1_4_3),
	};

	select_test(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
