/* SPDX-License-Identifier: MIT
 *
 * workload_alloc.c: the workload `alloc`: nothing but allocation, with sizes and lifetimes of a real program
 * (size_profile.h). The unit is an operation: one block is born and stamped, those whose time has come
 * are checked and freed. Every eighth block goes into a packet, itself a block, that is handed to a
 * neighbour when it is full, to the next and to the one before by turns; what is in it dies there. A lane
 * alone hands over to itself.
 *
 *   at the end: sum of the stamps born == sum of the stamps that died
 */
#include "digest.h"
#include "handover.h"
#include "size_profile.h"
#include "workload.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

#include <stdio.h>
#include <stdlib.h>

enum {
  SCRIPT_LENGTH = 1 << 15, /* shapes drawn once a lane and played over and over */
  WHEEL_SIZE = GILLOC_SHAPE_LIFE_MAX + 1,
  OPERATIONS_PER_GIFT = 8,
  PACKET_SIZE = 32,
  OPERATIONS_PER_LOOK = 64,
  CACHE_LINE = 64
};

/* The start of every block; the stamp stands again at the start of each further cache line of it. */
struct parcel {
  struct parcel *next; /* of those that die at the same operation */
  uint32_t size;
  uint32_t stamp;
};

struct packet {
  uint32_t count;
  struct gift {
    struct parcel *parcel;
    uint32_t life; /* operations that it has still to live */
  } gifts[PACKET_SIZE];
};

/* What all lanes of a process share. */
struct allocation {
  uint64_t seed;
  unsigned lanes;            /* that hand over to one another */
  struct gilloc_mutex mutex; /* guards the three below */
  unsigned running;
  uint64_t born;
  uint64_t died;
  struct gilloc_handover queues[]; /* one a lane */
};

/* A lane's own, in gilloc's memory. */
struct player {
  struct allocation *shared;
  unsigned self; /* number of its queue */
  uint64_t now;  /* operations so far */
  uint64_t born; /* sums of stamps */
  uint64_t died;
  bool wrong;
  struct gilloc_shape *script;
  struct packet *packet; /* being filled */
  struct parcel **wheel; /* by the operation of their death, modulo its size */
};

static void draw_script(struct gilloc_shape *script, uint64_t seed, unsigned lane)
{
  struct gilloc_prng dice = gilloc_prng_stream(seed, lane);
  for (size_t i = 0; i < SCRIPT_LENGTH; i++)
    script[i] = gilloc_size_profile_draw(&dice);
}

static uint32_t *line_stamp(struct parcel *parcel, uint32_t offset)
{
  return (uint32_t *)((char *)parcel + offset);
}

static struct parcel *give_birth(struct player *player, uint32_t size)
{
  if (size < sizeof(struct parcel))
    size = sizeof(struct parcel);
  struct parcel *parcel = gilloc_need(gilloc_malloc(size));
  uint32_t stamp = (uint32_t)gilloc_prng_mix(player->now ^ ((uint64_t)player->self << 48));
  *parcel = (struct parcel){.size = size, .stamp = stamp};
  for (uint32_t at = CACHE_LINE; at + sizeof stamp <= size; at += CACHE_LINE)
    *line_stamp(parcel, at) = stamp;
  player->born += stamp;
  return parcel;
}

static void let_die(struct player *player, struct parcel *parcel)
{
  for (uint32_t at = CACHE_LINE; at + sizeof parcel->stamp <= parcel->size; at += CACHE_LINE)
    if (*line_stamp(parcel, at) != parcel->stamp)
      player->wrong = true;
  player->died += parcel->stamp;
  gilloc_free(parcel);
}

static void keep(struct player *player, struct parcel *parcel, uint32_t life)
{
  struct parcel **slot = &player->wheel[(player->now + life) % WHEEL_SIZE];
  parcel->next = *slot;
  *slot = parcel;
}

static struct packet *new_packet(void)
{
  struct packet *packet = gilloc_need(gilloc_malloc(sizeof *packet));
  packet->count = 0;
  return packet;
}

static void open_packet(struct player *player, struct packet *packet)
{
  for (uint32_t i = 0; i < packet->count; i++)
    keep(player, packet->gifts[i].parcel, packet->gifts[i].life);
  gilloc_free(packet);
}

/* To the neighbour on one side or the other; if it has no room, the gifts stay. */
static void hand_over_packet(struct player *player)
{
  unsigned lanes = player->shared->lanes;
  unsigned step = player->now / (OPERATIONS_PER_GIFT * PACKET_SIZE) % 2 == 0 ? 1 : lanes - 1;
  if (!gilloc_handover_give(&player->shared->queues[(player->self + step) % lanes], player->packet))
    open_packet(player, player->packet);
  player->packet = new_packet();
}

static void give_away(struct player *player, struct parcel *parcel, uint32_t life)
{
  player->packet->gifts[player->packet->count++] = (struct gift){parcel, life};
  if (player->packet->count == PACKET_SIZE)
    hand_over_packet(player);
}

static void look_into_queue(struct player *player)
{
  void *packets[GILLOC_HANDOVER_MAX];
  uint32_t count = gilloc_handover_take_all(&player->shared->queues[player->self], packets);
  for (uint32_t i = 0; i < count; i++)
    open_packet(player, packets[i]);
}

static void bury_due(struct player *player)
{
  struct parcel **slot = &player->wheel[player->now % WHEEL_SIZE];
  for (struct parcel *parcel = *slot, *next; parcel != NULL; parcel = next) {
    next = parcel->next;
    let_die(player, parcel);
  }
  *slot = NULL;
}

static void play_operation(struct player *player)
{
  struct gilloc_shape shape = player->script[player->now % SCRIPT_LENGTH];
  struct parcel *parcel = give_birth(player, shape.size);
  if (player->now % OPERATIONS_PER_GIFT == 0)
    give_away(player, parcel, shape.life);
  else
    keep(player, parcel, shape.life);
  if (player->now % OPERATIONS_PER_LOOK == 0)
    look_into_queue(player);
  bury_due(player);
  player->now++;
}

static void bury_all(struct player *player)
{
  for (unsigned i = 0; i < WHEEL_SIZE; i++, player->now++)
    bury_due(player);
}

/* The lane has stopped. The last one takes what is left in the queues and balances the sums. */
static void leave(struct player *player)
{
  struct allocation *shared = player->shared;
  open_packet(player, player->packet);
  bury_all(player);
  gilloc_mutex_lock(&shared->mutex);
  shared->running--;
  for (unsigned i = 0; shared->running == 0 && i < shared->lanes; i++) {
    player->self = i;
    look_into_queue(player);
    bury_all(player);
  }
  shared->born += player->born;
  shared->died += player->died;
  if (shared->running == 0 && shared->born != shared->died)
    player->wrong = true;
  gilloc_mutex_unlock(&shared->mutex);
}

static void alloc_run(void *state, struct gilloc_lane *lane)
{
  struct allocation *shared = state;
  struct player player = {.shared = shared, .self = lane->index % shared->lanes};
  player.script = gilloc_need(gilloc_reallocarray(NULL, SCRIPT_LENGTH, sizeof *player.script));
  player.wheel = gilloc_need(gilloc_calloc(WHEEL_SIZE, sizeof *player.wheel));
  player.packet = new_packet();
  draw_script(player.script, shared->seed, lane->index);
  while (gilloc_lane_runs(lane)) {
    play_operation(&player);
    gilloc_lane_count(lane);
    gilloc_checkpoint();
  }
  leave(&player);
  lane->wrong = player.wrong;
  gilloc_free(player.script);
  gilloc_free(player.wheel);
}

static void *alloc_open(const struct gilloc_setup *setup)
{
  unsigned lanes = setup->plan->forks ? 1 : setup->plan->lanes;
  size_t size = sizeof(struct allocation) + lanes * sizeof(struct gilloc_handover);
  struct allocation *shared = aligned_alloc(alignof(struct allocation), size);
  if (shared == NULL) {
    fprintf(stderr, "gilloc-worker: out of memory\n");
    return NULL;
  }
  *shared = (struct allocation){.seed = setup->plan->seed, .lanes = lanes, .running = lanes};
  for (unsigned i = 0; i < lanes; i++)
    shared->queues[i] = (struct gilloc_handover){0};
  return shared;
}

/* Of what lane 0 plays. */
static uint64_t alloc_checksum(const void *state)
{
  const struct allocation *shared = state;
  struct gilloc_prng dice = gilloc_prng_stream(shared->seed, 0);
  uint64_t digest = GILLOC_DIGEST_START;
  for (size_t i = 0; i < SCRIPT_LENGTH; i++) {
    struct gilloc_shape shape = gilloc_size_profile_draw(&dice);
    digest = gilloc_digest_fold(gilloc_digest_fold(digest, shape.size), shape.life);
  }
  return digest;
}

static void alloc_close(void *state)
{
  free(state);
}

const struct gilloc_workload gilloc_workload_alloc = {
    .name = "alloc",
    .unit = "operations",
    .role = GILLOC_ROLE_ALLOC,
    .open = alloc_open,
    .run = alloc_run,
    .checksum = alloc_checksum,
    .close = alloc_close,
};
