/* SPDX-License-Identifier: MIT */
/*
 * Headers, checksums, segments and hashes of frames.
 *
 * A frame here is a copy that its driver cannot reach any more; but what is in it is anybody's
 * word, so that every offset is checked against the frame's length before it is used.
 */
#include "net/virtio_net.h"

#include "net_packet.h"

#define ETH_HLEN 14
#define VLAN_HLEN 4
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* ---- headers ---- */

static void parse_ipv4(struct NetHeaders *h, const uint8_t *data, uint32_t len)
{
	const uint8_t *ip = data + h->ip;
	uint32_t room = len - h->ip, header, total;

	if (room < 20 || ip[0] >> 4 != 4)
		return;
	header = (ip[0] & 15) * 4u;
	total = get16(ip + 2);
	if (header < 20 || total < header || total > room)
		return;
	h->ip_version = 4;
	h->protocol = ip[9];
	h->fragment = get16(ip + 6) & 0x3fff; /* offset, or more to come */
	h->ip_end = h->ip + total;
	h->transport = h->ip + header;
}

/* Extension headers that a packet may have before its transport header. */
static bool is_extension(uint8_t next_header)
{
	return next_header == 0 || next_header == 43 || next_header == 60;
}

static void parse_ipv6(struct NetHeaders *h, const uint8_t *data, uint32_t len)
{
	const uint8_t *ip = data + h->ip;
	uint32_t room = len - h->ip, at = h->ip + 40, total;

	if (room < 40 || ip[0] >> 4 != 6)
		return;
	total = 40u + get16(ip + 4);
	if (total > room)
		return;
	h->ip_version = 6;
	h->protocol = ip[6];
	h->ip_end = h->ip + total;
	/* Each is at least 8 bytes long, so this comes to an end. */
	while (is_extension(h->protocol)) {
		if (at + 8 > h->ip_end)
			return;
		h->protocol = data[at];
		at += 8u + data[at + 1] * 8u;
		if (at > h->ip_end)
			return;
	}
	h->fragment = h->protocol == 44;
	h->transport = at;
}

/* Is the transport header whole? */
static bool transport_fits(const struct NetHeaders *h)
{
	uint32_t room = h->ip_end - h->transport;

	return !h->fragment &&
	       ((h->protocol == NET_TCP && room >= 20) || (h->protocol == NET_UDP && room >= 8));
}

struct NetHeaders net_parse(const uint8_t *data, uint32_t len)
{
	struct NetHeaders h = { .ip = ETH_HLEN };

	if (len < ETH_HLEN)
		return h;
	h.ethertype = get16(data + 12);
	if (h.ethertype == ETHERTYPE_VLAN && len >= ETH_HLEN + VLAN_HLEN) {
		h.tagged = true;
		h.vlan = get16(data + 14) & 0xfff;
		h.ethertype = get16(data + 16);
		h.ip += VLAN_HLEN;
	}
	if (h.ethertype == ETHERTYPE_IPV4)
		parse_ipv4(&h, data, len);
	else if (h.ethertype == ETHERTYPE_IPV6)
		parse_ipv6(&h, data, len);
	if (h.transport && !transport_fits(&h))
		h.transport = 0;
	return h;
}

/* ---- checksums ---- */

static uint64_t sum_bytes(const uint8_t *data, uint32_t len)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += get16(data + i);
	if (len & 1)
		sum += (uint32_t)data[len - 1] << 8;
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Addresses, protocol and length: what TCP and UDP sum besides their own bytes. */
static uint64_t pseudo_header(const uint8_t *data, const struct NetHeaders *h, uint32_t len)
{
	uint64_t sum = h->protocol + len;

	if (h->ip_version == 4)
		return sum + sum_bytes(data + h->ip + 12, 8);
	return sum + sum_bytes(data + h->ip + 8, 32);
}

static uint32_t csum_offset(const struct NetHeaders *h)
{
	return h->protocol == NET_TCP ? 16 : 6;
}

bool net_complete_csum(struct NetFrame *frame)
{
	uint32_t at = (uint32_t)frame->csum_start + frame->csum_offset;
	uint16_t sum;

	if (at + 2 > frame->len)
		return false;
	sum = (uint16_t)~fold(
		sum_bytes(frame->data + frame->csum_start, frame->len - frame->csum_start));
	/* 0 would say that there is no checksum; for TCP the two mean the same. */
	put16(frame->data + at, sum ? sum : 0xffff);
	return true;
}

int net_check_csum(const uint8_t *data, uint32_t len, const struct NetHeaders *h)
{
	uint32_t payload = h->ip_end - h->transport;

	if (!h->transport || h->ip_end > len)
		return -1;
	if (h->protocol == NET_UDP && !get16(data + h->transport + 6))
		return -1; /* its sender did not bother */
	return fold(pseudo_header(data, h, payload) + sum_bytes(data + h->transport, payload)) ==
	       0xffff;
}

/* The transport's checksum from scratch, over a frame whose lengths are in place. */
static void set_transport_csum(uint8_t *data, const struct NetHeaders *h, uint32_t end)
{
	uint8_t *at = data + h->transport + csum_offset(h);
	uint32_t len = end - h->transport;
	uint16_t sum;

	put16(at, 0);
	sum = (uint16_t)~fold(pseudo_header(data, h, len) + sum_bytes(data + h->transport, len));
	put16(at, sum ? sum : 0xffff);
}

/* ---- segments ---- */

/* Where to cut. */
struct cut {
	struct NetHeaders h;
	uint32_t headers; /* bytes before the payload */
	uint32_t payload; /* bytes */
	uint32_t size;	  /* bytes of payload in a segment */
	bool tcp;
};

/* The packet against its gso_type; what its hdr_len says is not looked at (5.1.9.2.2). */
static bool plan_cut(const struct NetFrame *frame, struct cut *cut)
{
	uint8_t type = frame->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;
	struct NetHeaders *h = &cut->h;
	uint32_t header = 8;

	*h = net_parse(frame->data, frame->len);
	if (!h->transport || !frame->gso_size)
		return false;
	cut->tcp = type == VIRTIO_NET_HDR_GSO_TCPV4 || type == VIRTIO_NET_HDR_GSO_TCPV6;
	if (h->protocol != (cut->tcp ? NET_TCP : NET_UDP))
		return false;
	if ((type == VIRTIO_NET_HDR_GSO_TCPV4 && h->ip_version != 4) ||
	    (type == VIRTIO_NET_HDR_GSO_TCPV6 && h->ip_version != 6))
		return false;
	if (cut->tcp)
		header = (frame->data[h->transport + 12] >> 4) * 4u;
	cut->headers = h->transport + header;
	if (header < (cut->tcp ? 20u : 8u) || cut->headers > h->ip_end)
		return false;
	cut->payload = h->ip_end - cut->headers;
	cut->size = frame->gso_size;
	return true;
}

/* Lengths and numbers of segment @index, whose payload starts @offset bytes into the packet's. */
static void fix_headers(uint8_t *data, const struct cut *cut, uint32_t index, uint32_t offset,
			uint32_t len)
{
	uint8_t *ip = data + cut->h.ip, *transport = data + cut->h.transport;
	uint32_t end = cut->headers + len;
	bool last = offset + len == cut->payload;

	if (cut->h.ip_version == 4) {
		put16(ip + 2, end - cut->h.ip);
		put16(ip + 4, get16(ip + 4) + index);
		put16(ip + 10, 0);
		put16(ip + 10, (uint16_t)~fold(sum_bytes(ip, (ip[0] & 15) * 4u)));
	} else {
		put16(ip + 4, end - cut->h.ip - 40);
	}
	if (cut->tcp) {
		put32(transport + 4, get32(transport + 4) + offset);
		if (!last)
			transport[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		/* GSO_ECN: congestion was reported once. */
		if (index)
			transport[13] &= (uint8_t)~TCP_CWR;
	} else {
		put16(transport + 4, end - cut->h.transport);
	}
	set_transport_csum(data, &cut->h, end);
}

int net_segment(const struct NetFrame *frame, uint8_t *scratch,
		bool (*send)(void *opaque, struct NetFrame *segment), void *opaque)
{
	struct cut cut;
	uint32_t offset = 0, len;
	int index = 0;

	if (!plan_cut(frame, &cut))
		return -1;
	do {
		struct NetFrame segment = { .data = scratch };

		len = cut.payload - offset < cut.size ? cut.payload - offset : cut.size;
		__builtin_memcpy(scratch, frame->data, cut.headers);
		__builtin_memcpy(scratch + cut.headers, frame->data + cut.headers + offset, len);
		fix_headers(scratch, &cut, (uint32_t)index, offset, len);
		segment.len = cut.headers + len;
		if (!send(opaque, &segment))
			break;
		index++;
		offset += len;
	} while (offset < cut.payload);
	return index;
}

/* ---- hashes ---- */

/* Each bit of the input that is set adds the 32 bits of the key that begin at its place. */
static uint32_t toeplitz(const uint8_t *input, uint32_t len, const uint8_t *key)
{
	uint32_t window = get32(key), hash = 0;

	for (uint32_t i = 0; i < len; i++) {
		for (int bit = 7; bit >= 0; bit--) {
			if (input[i] >> bit & 1)
				hash ^= window;
			window = window << 1 | (key[i + 4] >> bit & 1);
		}
	}
	return hash;
}

/* The most specific type that is enabled and fits; NONE. */
static uint16_t choose_hash(const struct NetHeaders *h, uint32_t types)
{
	bool tcp = h->transport && h->protocol == NET_TCP;
	bool udp = h->transport && h->protocol == NET_UDP;

	if (h->ip_version == 4) {
		if (tcp && types & VIRTIO_NET_HASH_TYPE_TCPv4)
			return VIRTIO_NET_HASH_REPORT_TCPv4;
		if (udp && types & VIRTIO_NET_HASH_TYPE_UDPv4)
			return VIRTIO_NET_HASH_REPORT_UDPv4;
		if (types & VIRTIO_NET_HASH_TYPE_IPv4)
			return VIRTIO_NET_HASH_REPORT_IPv4;
	} else if (h->ip_version == 6) {
		if (tcp && types & VIRTIO_NET_HASH_TYPE_TCPv6)
			return VIRTIO_NET_HASH_REPORT_TCPv6;
		if (udp && types & VIRTIO_NET_HASH_TYPE_UDPv6)
			return VIRTIO_NET_HASH_REPORT_UDPv6;
		if (types & VIRTIO_NET_HASH_TYPE_IPv6)
			return VIRTIO_NET_HASH_REPORT_IPv6;
	}
	return VIRTIO_NET_HASH_REPORT_NONE;
}

/* Copies two neighbours, or both the other way round. */
static uint32_t copy_pair(uint8_t *to, const uint8_t *from, uint32_t each, bool swapped)
{
	__builtin_memcpy(to, swapped ? from + each : from, each);
	__builtin_memcpy(to + each, swapped ? from : from + each, each);
	return 2 * each;
}

uint32_t net_hash(const uint8_t *data, uint32_t len, uint32_t types, const uint8_t *key,
		  bool swapped, uint16_t *report)
{
	struct NetHeaders h = net_parse(data, len);
	uint8_t input[36]; /* two IPv6 addresses, two ports */
	uint32_t used;

	*report = choose_hash(&h, types);
	if (*report == VIRTIO_NET_HASH_REPORT_NONE)
		return 0;
	if (h.ip_version == 4)
		used = copy_pair(input, data + h.ip + 12, 4, swapped);
	else
		used = copy_pair(input, data + h.ip + 8, 16, swapped);
	if (*report != VIRTIO_NET_HASH_REPORT_IPv4 && *report != VIRTIO_NET_HASH_REPORT_IPv6)
		used += copy_pair(input + used, data + h.transport, 2, swapped);
	return toeplitz(input, used, key);
}
