// SPDX-License-Identifier: MIT
/*
 * The drivers as a program: it boots, finds the devices, does what the command line says, and then
 * asks whoever sits at the console.
 */
#include "blk/blk.h"
#include "monitor.h"
#include "net/net.h"
#include "pci/virtio_pci_common.h"

void metal_main(uint64_t start_info); /* called by boot.S */

static void greet(void)
{
	struct metal_machine m;

	metal_machine_show(&m);
	print("%s, %u CPU%s, %llu MiB, config space by %s, up after %llu us\n", m.host_bridge,
	      platform_num_cpus(), platform_num_cpus() == 1 ? "" : "s",
	      (unsigned long long)(m.memory_bytes + (1 << 20) - 1) >> 20, m.ecam ? "ECAM" : "ports",
	      (unsigned long long)platform_now() / 1000);
}

void metal_main(uint64_t start_info)
{
	metal_init(start_info);
	if (register_virtio_driver(&virtio_blk) || register_virtio_driver(&virtio_net_driver))
		metal_panic("the drivers cannot be registered");
	if (pci_scan())
		metal_panic("no memory for what is on the PCI bus");
	virtio_pci_probe_all();
	net_start();
	greet();
	monitor_run(metal_command_line());
	monitor_loop();
}
