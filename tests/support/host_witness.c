/* SPDX-License-Identifier: MIT */
/*
 * On host the device is of the same hand as the driver: its counts prove nothing.
 */
#include "machine.h"

bool machine_witness(struct machine_witness *seen)
{
	(void)seen;
	return false;
}
