/* SPDX-License-Identifier: MIT
 *
 * trace_binary.h: the layout of the binary form, shared by its writer and its reader. All numbers are
 * little-endian, put together byte by byte, so the machine's own order does not matter.
 *
 *   file    magic (8)  version u32  crc u32 (of the 12 bytes before)  block*  last block
 *   block   bytes u32  operations u32  crc u32 (of the 8 bytes before and the payload)  payload
 *   last    a block with 0 bytes and 0 operations; nothing follows
 *
 * A payload is a sequence of records. The first byte of each is  kind (3 bits) | NEXT (bit 3), the numbers
 * after it are varints (7 bits a byte, low ones first, bit 7: more follow, at most 10 bytes, no padding):
 *
 *   m [id] size     c [id] count size     r id size     f id     s     t number
 *
 * An id is the zigzag of (id - base): base is the last id allocated in this block + 1 for m and c, left out
 * where it is 0 (NEXT set), and the last id allocated for r and f. Each block starts with thread 0 and
 * "last id allocated" 2^64 - 1, so that blocks do not depend on one another.
 */
#ifndef GILLOC_LAB_TRACE_BINARY_H
#define GILLOC_LAB_TRACE_BINARY_H

#include "trace.h"

enum {
  GILLOC_TRACE_VERSION = 1,
  GILLOC_TRACE_MAGIC_BYTES = 8,
  GILLOC_TRACE_HEADER_BYTES = 16,
  GILLOC_TRACE_BLOCK_HEADER_BYTES = 12,
  GILLOC_TRACE_PAYLOAD_MAX = 65536,
  GILLOC_TRACE_RECORD_MAX = 32, /* the longest record: 1 + 3 varints of 10 bytes, rounded */
  GILLOC_TRACE_THREAD_RECORD = GILLOC_TRACE_KINDS, /* the kind of a `t` record */
  GILLOC_TRACE_KIND_MASK = 7,
  GILLOC_TRACE_NEXT = 8
};

static const unsigned char gilloc_trace_magic[GILLOC_TRACE_MAGIC_BYTES] = {0x8e, 'g',  'l',  't',
                                                                           '\r', '\n', 0x1a, '\n'};

static inline void gilloc_trace_put_u32(unsigned char *at, uint32_t value)
{
  for (int i = 0; i < 4; i++)
    at[i] = (unsigned char)(value >> (8 * i));
}

static inline uint32_t gilloc_trace_get_u32(const unsigned char *at)
{
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t gilloc_trace_zigzag(uint64_t difference)
{
  return (difference << 1) ^ (0 - (difference >> 63));
}

static inline uint64_t gilloc_trace_unzigzag(uint64_t code)
{
  return (code >> 1) ^ (0 - (code & 1));
}

/* CRC-32 (IEEE 802.3, reflected) of the bytes, continued from `crc`, which is 0 at first. */
uint32_t gilloc_trace_crc(uint32_t crc, const unsigned char *bytes, size_t length);

#endif
