/* SPDX-License-Identifier: MIT
 *
 * packet_queue.c: the bounded queue.
 */
#include "packet_queue.h"

void gilloc_bench_packet_queue_init(struct gilloc_bench_packet_queue *queue, size_t limit, unsigned producers)
{
  (void)pthread_mutex_init(&queue->mutex, NULL);
  (void)pthread_cond_init(&queue->is_filled, NULL);
  (void)pthread_cond_init(&queue->has_room, NULL);
  queue->limit = limit;
  queue->first = 0;
  queue->count = 0;
  queue->producers = producers;
}

void gilloc_bench_packet_queue_push(struct gilloc_bench_packet_queue *queue, void *packet)
{
  (void)pthread_mutex_lock(&queue->mutex);
  while (queue->count == queue->limit)
    (void)pthread_cond_wait(&queue->has_room, &queue->mutex);
  queue->packets[(queue->first + queue->count++) % GILLOC_BENCH_QUEUE_MAX] = packet;
  (void)pthread_mutex_unlock(&queue->mutex);
  (void)pthread_cond_signal(&queue->is_filled);
}

void *gilloc_bench_packet_queue_pop(struct gilloc_bench_packet_queue *queue)
{
  void *packet = NULL;
  (void)pthread_mutex_lock(&queue->mutex);
  while (queue->count == 0 && queue->producers > 0)
    (void)pthread_cond_wait(&queue->is_filled, &queue->mutex);
  if (queue->count > 0) {
    packet = queue->packets[queue->first];
    queue->first = (queue->first + 1) % GILLOC_BENCH_QUEUE_MAX;
    queue->count--;
  }
  (void)pthread_mutex_unlock(&queue->mutex);
  (void)pthread_cond_signal(&queue->has_room);
  return packet;
}

void gilloc_bench_packet_queue_goodbye(struct gilloc_bench_packet_queue *queue)
{
  (void)pthread_mutex_lock(&queue->mutex);
  queue->producers--;
  (void)pthread_mutex_unlock(&queue->mutex);
  (void)pthread_cond_broadcast(&queue->is_filled);
}
