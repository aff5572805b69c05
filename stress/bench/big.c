/* SPDX-License-Identifier: MIT
 *
 * big.c: school arithmetic. Division is Knuth's algorithm D (The Art of Computer Programming, vol. 2, 4.3.1).
 */
#include "big.h"

#include <string.h>

enum { BITS = 32 };

static size_t size_of(uint32_t digits)
{
  return sizeof(struct gilloc_bench_big) + digits * sizeof(uint32_t);
}

/* All zero. The stamp's part at the end would be a digit's: the first word alone is checked. */
static struct gilloc_bench_big *take(struct gilloc_bench_ledger *ledger, uint32_t digits)
{
  struct gilloc_bench_big *number = malloc(size_of(digits));
  gilloc_bench_stamp(ledger, number, sizeof number->stamp);
  number->length = digits;
  memset(number->digits, 0, digits * sizeof(uint32_t));
  return number;
}

void gilloc_bench_big_free(struct gilloc_bench_ledger *ledger, struct gilloc_bench_big *number)
{
  gilloc_bench_give(ledger, number, sizeof number->stamp);
}

static struct gilloc_bench_big *trim(struct gilloc_bench_big *number)
{
  while (number->length > 0 && number->digits[number->length - 1] == 0)
    number->length--;
  return number;
}

struct gilloc_bench_big *gilloc_bench_big_make(struct gilloc_bench_ledger *ledger, uint64_t value)
{
  struct gilloc_bench_big *number = take(ledger, 2);
  number->digits[0] = (uint32_t)value;
  number->digits[1] = (uint32_t)(value >> BITS);
  return trim(number);
}

struct gilloc_bench_big *gilloc_bench_big_sum(struct gilloc_bench_ledger *ledger,
                                              const struct gilloc_bench_big *a,
                                              const struct gilloc_bench_big *b)
{
  uint32_t length = a->length > b->length ? a->length : b->length;
  struct gilloc_bench_big *sum = take(ledger, length + 1);
  uint64_t carry = 0;
  for (uint32_t i = 0; i <= length; i++) {
    carry += (i < a->length ? a->digits[i] : 0) + (uint64_t)(i < b->length ? b->digits[i] : 0);
    sum->digits[i] = (uint32_t)carry;
    carry >>= BITS;
  }
  return trim(sum);
}

struct gilloc_bench_big *gilloc_bench_big_difference(struct gilloc_bench_ledger *ledger,
                                                     const struct gilloc_bench_big *a,
                                                     const struct gilloc_bench_big *b)
{
  struct gilloc_bench_big *difference = take(ledger, a->length);
  int64_t borrow = 0;
  for (uint32_t i = 0; i < a->length; i++) {
    borrow += (int64_t)a->digits[i] - (i < b->length ? b->digits[i] : 0);
    difference->digits[i] = (uint32_t)borrow;
    borrow >>= BITS;
  }
  return trim(difference);
}

struct gilloc_bench_big *gilloc_bench_big_product(struct gilloc_bench_ledger *ledger,
                                                  const struct gilloc_bench_big *a,
                                                  const struct gilloc_bench_big *b)
{
  struct gilloc_bench_big *product = take(ledger, a->length + b->length);
  for (uint32_t i = 0; i < a->length; i++) {
    uint64_t carry = 0;
    for (uint32_t j = 0; j < b->length; j++) {
      carry += (uint64_t)a->digits[i] * b->digits[j] + product->digits[i + j];
      product->digits[i + j] = (uint32_t)carry;
      carry >>= BITS;
    }
    product->digits[i + b->length] = (uint32_t)carry;
  }
  return trim(product);
}

bool gilloc_bench_big_equal(const struct gilloc_bench_big *a, const struct gilloc_bench_big *b)
{
  return a->length == b->length && memcmp(a->digits, b->digits, a->length * sizeof(uint32_t)) == 0;
}

/* `number` times 2^shift in `length` digits, which are enough; shift < 32. */
static struct gilloc_bench_big *shifted(struct gilloc_bench_ledger *ledger,
                                        const struct gilloc_bench_big *number, unsigned shift,
                                        uint32_t length)
{
  struct gilloc_bench_big *result = take(ledger, length);
  uint64_t carry = 0;
  for (uint32_t i = 0; i < length; i++) {
    carry |= (uint64_t)(i < number->length ? number->digits[i] : 0) << shift;
    result->digits[i] = (uint32_t)carry;
    carry >>= BITS;
  }
  return result;
}

/* Subtracts digit * b from the digits at `a`, one more than b has; returns what is left to borrow (0 or -1).
 */
static int64_t subtract(uint32_t *a, const struct gilloc_bench_big *b, uint64_t digit)
{
  int64_t borrow = 0;
  uint64_t carry = 0;
  for (uint32_t i = 0; i < b->length; i++) {
    carry += digit * b->digits[i];
    borrow += (int64_t)a[i] - (int64_t)(uint32_t)carry;
    a[i] = (uint32_t)borrow;
    carry >>= BITS;
    borrow >>= BITS;
  }
  borrow += (int64_t)a[b->length] - (int64_t)carry;
  a[b->length] = (uint32_t)borrow;
  return borrow >> BITS;
}

/* Adds b to the digits at `a`; true if that led from below zero to what is really there. */
static bool add_back(uint32_t *a, const struct gilloc_bench_big *b)
{
  uint64_t carry = 0;
  for (uint32_t i = 0; i <= b->length; i++) {
    carry += (uint64_t)a[i] + (i < b->length ? b->digits[i] : 0);
    a[i] = (uint32_t)carry;
    carry >>= BITS;
  }
  return carry != 0;
}

/* One digit of the quotient; `a` points to the digits that it is for, and keeps their remainder. The estimate
 * from two digits is at most two too large. */
static uint32_t divide_digit(uint32_t *a, const struct gilloc_bench_big *b)
{
  uint32_t top = b->length;
  uint64_t two = (uint64_t)a[top] << BITS | a[top - 1];
  uint64_t digit = two / b->digits[top - 1];
  if (digit > UINT32_MAX)
    digit = UINT32_MAX;
  bool is_negative = subtract(a, b, digit) < 0;
  while (is_negative) {
    digit--;
    is_negative = !add_back(a, b);
  }
  return (uint32_t)digit;
}

static void unshift(struct gilloc_bench_big *number, unsigned shift)
{
  for (uint32_t i = 0; i < number->length; i++) {
    uint64_t above = i + 1 < number->length ? number->digits[i + 1] : 0;
    number->digits[i] = (uint32_t)((above << BITS | number->digits[i]) >> shift);
  }
}

struct gilloc_bench_big *gilloc_bench_big_quotient(struct gilloc_bench_ledger *ledger,
                                                   const struct gilloc_bench_big *a,
                                                   const struct gilloc_bench_big *b,
                                                   struct gilloc_bench_big **remainder)
{
  unsigned shift = (unsigned)__builtin_clz(b->digits[b->length - 1]);
  uint32_t length = a->length < b->length ? b->length : a->length;
  struct gilloc_bench_big *rest = shifted(ledger, a, shift, length + 1);
  struct gilloc_bench_big *divisor = shifted(ledger, b, shift, b->length);
  struct gilloc_bench_big *quotient = take(ledger, length - b->length + 1);
  for (uint32_t i = quotient->length; i > 0; i--)
    quotient->digits[i - 1] = divide_digit(&rest->digits[i - 1], divisor);
  gilloc_bench_big_free(ledger, divisor);
  unshift(rest, shift);
  *remainder = trim(rest);
  return trim(quotient);
}
