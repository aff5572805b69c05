/* SPDX-License-Identifier: MIT
 *
 * workload_queue.c: blocks that die in another thread than the one that took them.
 *
 * xmalloc-test: after the program of C. Lever and D. Boreham, "malloc() Performance in a Multithreaded Linux
 * Environment" (USENIX 2000), in the form that B. Kuszmaul gave it for SuperMalloc; written anew from its
 * description. N threads take blocks of 64 bytes, N others free them; 4,096 to a packet, at most 100 packets
 * under way. pc-1n, pc-n1: one producer for N - 1 consumers, and the reverse: blocks of 16 to 512 bytes, 256
 * to a packet. ring: each of N threads takes packets for the next one and frees those of the one before.
 */
#include "packet_queue.h"
#include "workloads.h"

enum {
  LARGE_PACKET = 4096,
  SMALL_PACKET = 256,
  MANY = 100,
  FEW = 16,
  XMALLOC_SIZE = 64,
  SMALLEST = 16,
  LARGEST = 512
};

enum {
  XMALLOC_PACKETS = 2400,
  QUEUE_PACKETS = 24000,
  RING_PACKETS = 36000,
};

struct packet {
  unsigned count;
  void *blocks[];
};

struct exchange {
  unsigned producers;
  uint64_t packets; /* in all; each producer makes its share */
  unsigned blocks;  /* a packet */
  size_t size;      /* of each; 0: by chance */
  struct gilloc_bench_packet_queue
      queues[GILLOC_BENCH_THREADS_MAX]; /* the ring uses all, the others the first */
};

static struct exchange exchange;

static struct packet *fill(struct gilloc_bench_lane *lane)
{
  struct packet *packet = malloc(sizeof *packet + exchange.blocks * sizeof packet->blocks[0]);
  if (!packet)
    gilloc_bench_die("out of memory");
  packet->count = exchange.blocks;
  for (unsigned i = 0; i < packet->count; i++) {
    size_t size = exchange.size;
    if (size == 0)
      size = SMALLEST + gilloc_prng_below(&lane->prng, LARGEST - SMALLEST + 1);
    packet->blocks[i] = gilloc_bench_take(&lane->ledger, size);
  }
  return packet;
}

static void empty(struct gilloc_bench_lane *lane, struct packet *packet)
{
  for (unsigned i = 0; i < packet->count; i++)
    gilloc_bench_give(&lane->ledger, packet->blocks[i], exchange.size);
  free(packet);
}

/* A producer's share of the packets; the first ones make what does not divide. */
static uint64_t share(unsigned number)
{
  return exchange.packets / exchange.producers + (number < exchange.packets % exchange.producers);
}

static void produce_or_consume(struct gilloc_bench_lane *lane)
{
  struct gilloc_bench_packet_queue *queue = &exchange.queues[0];
  if (lane->number < exchange.producers) {
    for (uint64_t left = share(lane->number); left > 0; left--)
      gilloc_bench_packet_queue_push(queue, fill(lane));
    gilloc_bench_packet_queue_goodbye(queue);
    return;
  }
  for (struct packet *packet; (packet = gilloc_bench_packet_queue_pop(queue));)
    empty(lane, packet);
}

static void pass_on(struct gilloc_bench_lane *lane)
{
  struct gilloc_bench_packet_queue *next = &exchange.queues[(lane->number + 1) % exchange.producers];
  for (uint64_t left = exchange.packets / exchange.producers; left > 0; left--) {
    gilloc_bench_packet_queue_push(next, fill(lane));
    empty(lane, gilloc_bench_packet_queue_pop(&exchange.queues[lane->number]));
  }
}

static void run(const struct gilloc_bench_task *task, unsigned count, struct gilloc_bench_ledger *total)
{
  gilloc_bench_packet_queue_init(&exchange.queues[0], exchange.size ? MANY : FEW, exchange.producers);
  struct gilloc_bench_crew crew = {.count = count, .body = produce_or_consume};
  gilloc_bench_crew_run(&crew, task, total);
}

void gilloc_bench_xmalloc(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  exchange.producers = task->threads;
  exchange.packets = gilloc_bench_scaled(task, XMALLOC_PACKETS);
  exchange.blocks = LARGE_PACKET;
  exchange.size = XMALLOC_SIZE;
  run(task, 2 * task->threads, total);
}

static void run_small(const struct gilloc_bench_task *task, unsigned producers,
                      struct gilloc_bench_ledger *total)
{
  exchange.producers = producers;
  exchange.packets = gilloc_bench_scaled(task, QUEUE_PACKETS);
  exchange.blocks = SMALL_PACKET;
  exchange.size = 0;
  run(task, task->threads, total);
}

void gilloc_bench_queue_1n(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  run_small(task, 1, total);
}

void gilloc_bench_queue_n1(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  run_small(task, task->threads - 1, total);
}

void gilloc_bench_ring(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  exchange.producers = task->threads;
  exchange.packets = gilloc_bench_scaled(task, RING_PACKETS);
  exchange.blocks = SMALL_PACKET;
  exchange.size = 0;
  for (unsigned i = 0; i < task->threads; i++)
    gilloc_bench_packet_queue_init(&exchange.queues[i], FEW, 1);
  struct gilloc_bench_crew crew = {.count = task->threads, .body = pass_on};
  gilloc_bench_crew_run(&crew, task, total);
}
