// SPDX-License-Identifier: MIT
/*
 * The date, from the battery-backed clock of the PC. The counterpart of Linux's
 * drivers/rtc/rtc-mc146818-lib.c. Left out on purpose: 12-hour mode and the century's register,
 * which no machine of QEMU needs before 2100.
 */
#include "metal_internal.h"

#define CMOS_ADDRESS 0x70
#define CMOS_DATA 0x71

#define RTC_SECONDS 0x00
#define RTC_MINUTES 0x02
#define RTC_HOURS 0x04
#define RTC_DAY 0x07
#define RTC_MONTH 0x08
#define RTC_YEAR 0x09
#define RTC_A 0x0a
#define RTC_A_UPDATING 0x80
#define RTC_B 0x0b
#define RTC_B_BINARY 0x04

struct date {
	unsigned int year, month, day, hours, minutes, seconds; /* year from 2000 on */
};

static uint8_t cmos(uint8_t address)
{
	outb(CMOS_ADDRESS, address);
	return inb(CMOS_DATA);
}

static unsigned int number(uint8_t address)
{
	uint8_t value = cmos(address);

	return cmos(RTC_B) & RTC_B_BINARY ? value : (value >> 4) * 10 + (value & 15);
}

static struct date read_date(void)
{
	while (cmos(RTC_A) & RTC_A_UPDATING)
		cpu_relax();
	return (struct date){
		.year = number(RTC_YEAR),
		.month = number(RTC_MONTH),
		.day = number(RTC_DAY),
		.hours = number(RTC_HOURS),
		.minutes = number(RTC_MINUTES),
		.seconds = number(RTC_SECONDS),
	};
}

/* Days from 1970 to that one. A year that begins in March ends with its leap day. */
static uint64_t days(const struct date *date)
{
	unsigned int month = (date->month + 9) % 12; /* from March, 0 */
	unsigned int year = 2000 + date->year - (date->month <= 2);

	return 365ull * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
	       date->day - 1 - 719468;
}

uint64_t metal_realtime(void)
{
	struct date date, again = read_date();

	/* The same twice: no second began between its first field and its last. */
	do {
		date = again;
		again = read_date();
	} while (memcmp(&date, &again, sizeof(date)) != 0);
	return (((days(&date) * 24 + date.hours) * 60 + date.minutes) * 60 + date.seconds) *
	       1000000000ull;
}
