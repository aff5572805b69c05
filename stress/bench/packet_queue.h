/* SPDX-License-Identifier: MIT
 *
 * packet_queue.h: packets of blocks on their way from thread to thread: a bounded queue under a mutex. Its
 * own memory is static, so it asks nothing of the allocator.
 */
#ifndef GILLOC_BENCH_PACKET_QUEUE_H
#define GILLOC_BENCH_PACKET_QUEUE_H

#include <pthread.h>
#include <stddef.h>

enum { GILLOC_BENCH_QUEUE_MAX = 128 };

struct gilloc_bench_packet_queue {
  pthread_mutex_t mutex; /* guards all of it */
  pthread_cond_t is_filled, has_room;
  size_t limit; /* packets that may wait */
  size_t first, count;
  unsigned producers; /* that have not said goodbye */
  void *packets[GILLOC_BENCH_QUEUE_MAX];
};

void gilloc_bench_packet_queue_init(struct gilloc_bench_packet_queue *queue, size_t limit,
                                    unsigned producers);
/* Waits for room. */
void gilloc_bench_packet_queue_push(struct gilloc_bench_packet_queue *queue, void *packet);
/* Waits for a packet; NULL once the queue is empty and every producer has said goodbye. */
void *gilloc_bench_packet_queue_pop(struct gilloc_bench_packet_queue *queue);
void gilloc_bench_packet_queue_goodbye(struct gilloc_bench_packet_queue *queue);

#endif
