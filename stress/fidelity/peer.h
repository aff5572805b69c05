/* SPDX-License-Identifier: MIT
 *
 * peer.h: what the peer process and the workers of either kind say to each other in UDP datagrams on
 * loopback. The scripts real_*.py know the same words.
 *
 *   worker                         peer
 *     -- "hello" ------------------->   the worker is in place; this is its address
 *     <- 16 or 1024 bytes -----------   ping-pong: sent back as they are, one at a time
 *     <- 8 bytes, send time in ns ---   latency: noted, not answered
 *     <- "stop" ---------------------
 */
#ifndef GILLOC_FIDELITY_PEER_H
#define GILLOC_FIDELITY_PEER_H

#define GILLOC_PEER_HELLO "hello"
#define GILLOC_PEER_STOP "stop"

enum { GILLOC_PEER_MESSAGE_MAX = 2048 };

#endif
