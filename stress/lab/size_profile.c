/* SPDX-License-Identifier: MIT
 *
 * size_profile.c: see size_profile.h. A size is drawn evenly between a row's largest and that of the row
 * before; above 1 KiB the largest is chosen such that the middle is the mean that was measured. A life is
 * drawn evenly within its doubling.
 */
#include "size_profile.h"

enum { ROWS = 17, DOUBLINGS = 17, ALL_WEIGHT = 100000 };

struct row {
  uint32_t largest;
  uint32_t weight;           /* of ALL_WEIGHT births */
  uint32_t lives[DOUBLINGS]; /* per 1,000: lives of 1, 2 to 3, 4 to 7, ... and in the last 65,536 and more */
};

static const struct row TABLE[ROWS] = {
    {16, 13796, {745, 67, 47, 27, 25, 15, 7, 2, 1, 1, 0, 0, 0, 2, 9, 14, 37}},
    {32, 7954, {36, 32, 37, 46, 43, 38, 30, 23, 17, 14, 13, 20, 25, 31, 80, 126, 388}},
    {40, 3580, {12, 20, 5, 3, 2, 1, 1, 2, 2, 5, 21, 48, 83, 163, 227, 229, 178}},
    {48, 26390, {210, 32, 4, 1, 3, 1, 2, 3, 8, 17, 35, 66, 99, 147, 151, 125, 96}},
    {56, 17693, {536, 95, 2, 3, 8, 12, 8, 3, 1, 2, 10, 18, 38, 50, 73, 47, 92}},
    {64, 8181, {424, 7, 3, 3, 3, 1, 2, 2, 2, 4, 10, 12, 23, 42, 87, 95, 281}},
    {80, 1126, {372, 30, 43, 42, 11, 4, 3, 6, 12, 16, 30, 28, 37, 42, 44, 28, 254}},
    {128, 794, {214, 72, 28, 17, 22, 8, 9, 13, 16, 25, 28, 35, 51, 67, 43, 51, 304}},
    {192, 747, {236, 234, 49, 137, 81, 23, 9, 9, 11, 11, 11, 12, 12, 8, 9, 7, 139}},
    {256, 13204, {1, 604, 113, 31, 12, 5, 2, 1, 1, 1, 1, 2, 2, 8, 33, 49, 134}},
    {512, 365, {131, 43, 60, 68, 131, 77, 43, 35, 33, 34, 42, 49, 46, 27, 22, 16, 143}},
    {1024, 747, {42, 31, 20, 20, 254, 278, 152, 61, 21, 11, 10, 11, 11, 13, 12, 7, 46}},
    {1176, 4919, {101, 879, 1, 1, 4, 5, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 2}},
    {4532, 66, {35, 16, 42, 17, 160, 237, 204, 81, 38, 51, 14, 21, 14, 20, 16, 9, 26}},
    {11998, 398, {7, 3, 1, 1, 2, 3, 31, 50, 26, 17, 29, 50, 78, 155, 211, 201, 138}},
    {54554, 31, {62, 19, 3, 5, 2, 2, 2, 8, 257, 283, 114, 90, 80, 37, 16, 9, 12}},
    {183664, 9, {82, 24, 0, 0, 0, 0, 0, 0, 11, 3, 303, 190, 140, 92, 63, 53, 40}},
};

static unsigned draw_row(struct gilloc_prng *dice)
{
  uint32_t at = gilloc_prng_below(dice, ALL_WEIGHT);
  unsigned row = 0;
  while (row < ROWS - 1 && at >= TABLE[row].weight)
    at -= TABLE[row++].weight;
  return row;
}

static uint32_t draw_life(const struct row *row, struct gilloc_prng *dice)
{
  uint32_t at = gilloc_prng_below(dice, 1000);
  unsigned doubling = 0;
  while (doubling < DOUBLINGS - 1 && at >= row->lives[doubling])
    at -= row->lives[doubling++];
  if (doubling == DOUBLINGS - 1)
    return GILLOC_SHAPE_LIFE_MAX;
  uint32_t least = UINT32_C(1) << doubling;
  return least + gilloc_prng_below(dice, least);
}

struct gilloc_shape gilloc_size_profile_draw(struct gilloc_prng *dice)
{
  unsigned row = draw_row(dice);
  uint32_t below = row == 0 ? 0 : TABLE[row - 1].largest;
  uint32_t size = below + 1 + gilloc_prng_below(dice, TABLE[row].largest - below);
  return (struct gilloc_shape){size, draw_life(&TABLE[row], dice)};
}
