// SPDX-License-Identifier: MIT
/*
 * The ground comes up, each part once those it needs are there.
 */
#include "metal_internal.h"

void metal_init(uint64_t start_info)
{
	metal_serial_init();
	metal_cpu_init(&metal_cpus[0]);
	metal_read_start_info(start_info);
	metal_read_acpi();
	metal_memory_init();
	metal_paging_init();

	metal_apic_init();
	metal_cpus[0].apic_id = metal_apic_id();
	metal_io_apic_init();
	metal_clock_init();
	metal_start_cpus();
	metal_pci_init();
	metal_serial_irq_init();
	irqs_on();
}

void metal_machine_show(struct metal_machine *seen)
{
	*seen = (struct metal_machine){
		.host_bridge = metal_host_bridge(),
		.ecam = metal_has_ecam(),
		.free_bytes = metal_free_bytes(),
		.allocated = metal_allocated(),
		.tsc_hz = metal_tsc_hz(),
		.timer_hz = metal_timer_hz(),
	};
	for (unsigned int i = 0; i < metal_num_ram; i++)
		if (metal_ram[i].base >> 32 == 0)
			seen->memory_bytes += metal_ram[i].bytes;
}
