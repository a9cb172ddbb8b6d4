/* SPDX-License-Identifier: MIT */
/*
 * See packets.h. Sums are made the slow and obvious way, 16 bits at a time.
 */
#include <string.h>

#include "packets.h"

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* One's complement: what overflows comes back in at the other end. */
static uint16_t add(uint16_t sum, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 2) {
		uint32_t next = sum + ((uint32_t)bytes[i] << 8 | (i + 1 < len ? bytes[i + 1] : 0));

		sum = (uint16_t)(next + (next >> 16));
	}
	return sum;
}

static uint32_t ip_at(const uint8_t *frame)
{
	return get16(frame + 12) == 0x8100 ? 18 : 14;
}

static bool is_ipv6(const uint8_t *frame)
{
	return frame[ip_at(frame)] >> 4 == 6;
}

static uint32_t transport_at(const uint8_t *frame)
{
	return ip_at(frame) + (is_ipv6(frame) ? 40 : 20);
}

static bool is_tcp(const uint8_t *frame)
{
	return frame[ip_at(frame) + (is_ipv6(frame) ? 6 : 9)] == 6;
}

static uint16_t pseudo(const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + ip_at(frame);
	uint8_t rest[8] = { 0 };
	uint16_t sum = is_ipv6(frame) ? add(0, ip + 8, 32) : add(0, ip + 12, 8);

	put32(rest, len - transport_at(frame));
	rest[7] = is_tcp(frame) ? 6 : 17;
	return add(sum, rest, sizeof(rest));
}

uint32_t packet_header_bytes(const struct packet_spec *spec)
{
	return 14u + (spec->vlan ? 4 : 0) + (spec->ipv6 ? 40 : 20) + (spec->tcp ? 20 : 8);
}

static void write_ethernet(uint8_t *frame, const struct packet_spec *spec)
{
	uint32_t type = spec->ipv6 ? 0x86dd : 0x0800;

	memcpy(frame, spec->to, 6);
	memcpy(frame + 6, spec->from, 6);
	if (spec->vlan) {
		put16(frame + 12, 0x8100);
		put16(frame + 14, spec->vlan);
		put16(frame + 16, type);
	} else {
		put16(frame + 12, type);
	}
}

static void write_ip(uint8_t *ip, const struct packet_spec *spec, uint32_t len)
{
	uint8_t protocol = spec->tcp ? 6 : 17;

	if (spec->ipv6) {
		ip[0] = 0x60;
		put16(ip + 4, len - 40);
		ip[6] = protocol;
		ip[7] = 64;
		memcpy(ip + 8, spec->src6, 16);
		memcpy(ip + 24, spec->dst6, 16);
		return;
	}
	ip[0] = 0x45;
	put16(ip + 2, len);
	put16(ip + 4, 0xfffe); /* the identification; wraps soon */
	ip[8] = 64;
	ip[9] = protocol;
	put32(ip + 12, spec->src4 ? spec->src4 : 0x0a000202);
	put32(ip + 16, spec->dst4 ? spec->dst4 : 0x0a00020f);
	put16(ip + 10, (uint16_t)~add(0, ip, 20));
}

uint32_t packet_make(uint8_t *frame, const struct packet_spec *spec)
{
	uint32_t header = packet_header_bytes(spec), len = header + spec->payload;
	uint32_t ip = 14u + (spec->vlan ? 4 : 0), transport = ip + (spec->ipv6 ? 40 : 20);
	uint8_t *at = frame + transport, *csum = at + (spec->tcp ? 16 : 6);

	memset(frame, 0, header);
	write_ethernet(frame, spec);
	write_ip(frame + ip, spec, len - ip);
	put16(at, spec->src_port);
	put16(at + 2, spec->dst_port);
	if (spec->tcp) {
		put32(at + 4, PACKET_SEQUENCE);
		at[12] = 0x50;
		at[13] = spec->tcp_flags ? spec->tcp_flags : 0x10;
	} else {
		put16(at + 4, len - transport);
	}
	for (uint32_t i = 0; i < spec->payload; i++)
		frame[header + i] = (uint8_t)(i * 7 + (i >> 8));
	if (spec->partial) {
		put16(csum, pseudo(frame, len));
	} else {
		uint16_t sum = (uint16_t)~add(pseudo(frame, len), at, len - transport);

		put16(csum, sum ? sum : 0xffff);
	}
	return len;
}

void packet_csum_place(const uint8_t *frame, uint32_t len, uint16_t *start, uint16_t *offset)
{
	(void)len;
	*start = (uint16_t)transport_at(frame);
	*offset = is_tcp(frame) ? 16 : 6;
}

bool packet_csum_good(const uint8_t *frame, uint32_t len)
{
	uint32_t at = transport_at(frame);

	return add(pseudo(frame, len), frame + at, len - at) == 0xffff;
}

bool packet_ip_csum_good(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 || add(0, ip, 20) == 0xffff;
}

uint32_t packet_tcp_sequence(const uint8_t *tcp)
{
	return get16(tcp + 4) << 16 | get16(tcp + 6);
}
