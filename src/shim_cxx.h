/* SPDX-License-Identifier: MIT
 *
 * shim_cxx.h: the replaceable operators of C++17 ([new.delete]) as C functions under their names in the ABI
 * of 64-bit systems, in what replaces malloc only: shim_cxx.c in the shared libraries, archive_cxx.c in the
 * archive. A C program that loads one needs no C++ library: what the slow paths want of it (the new-handler,
 * the exception) is asked for when it is there.
 */
#ifndef GILLOC_SHIM_CXX_H
#define GILLOC_SHIM_CXX_H

#include <stddef.h>

_Static_assert(sizeof(size_t) == sizeof(unsigned long), "the m in the names below is unsigned long");

/* operator new: (size), [] and std::align_val_t; with a std::nothrow_t, of which only the address comes. */
void *gilloc_cxx_new(size_t size) __asm__("_Znwm");
void *gilloc_cxx_new_array(size_t size) __asm__("_Znam");
void *gilloc_cxx_new_nothrow(size_t size, const void *tag) __asm__("_ZnwmRKSt9nothrow_t");
void *gilloc_cxx_new_array_nothrow(size_t size, const void *tag) __asm__("_ZnamRKSt9nothrow_t");
void *gilloc_cxx_new_aligned(size_t size, size_t alignment) __asm__("_ZnwmSt11align_val_t");
void *gilloc_cxx_new_array_aligned(size_t size, size_t alignment) __asm__("_ZnamSt11align_val_t");
void *gilloc_cxx_new_aligned_nothrow(size_t size, size_t alignment,
                                     const void *tag) __asm__("_ZnwmSt11align_val_tRKSt9nothrow_t");
void *gilloc_cxx_new_array_aligned_nothrow(size_t size, size_t alignment,
                                           const void *tag) __asm__("_ZnamSt11align_val_tRKSt9nothrow_t");

/* operator delete. */
void gilloc_cxx_delete(void *p) __asm__("_ZdlPv");
void gilloc_cxx_delete_array(void *p) __asm__("_ZdaPv");
void gilloc_cxx_delete_nothrow(void *p, const void *tag) __asm__("_ZdlPvRKSt9nothrow_t");
void gilloc_cxx_delete_array_nothrow(void *p, const void *tag) __asm__("_ZdaPvRKSt9nothrow_t");
void gilloc_cxx_delete_sized(void *p, size_t size) __asm__("_ZdlPvm");
void gilloc_cxx_delete_array_sized(void *p, size_t size) __asm__("_ZdaPvm");
void gilloc_cxx_delete_aligned(void *p, size_t alignment) __asm__("_ZdlPvSt11align_val_t");
void gilloc_cxx_delete_array_aligned(void *p, size_t alignment) __asm__("_ZdaPvSt11align_val_t");
void gilloc_cxx_delete_aligned_nothrow(void *p, size_t alignment,
                                       const void *tag) __asm__("_ZdlPvSt11align_val_tRKSt9nothrow_t");
void gilloc_cxx_delete_array_aligned_nothrow(void *p, size_t alignment,
                                             const void *tag) __asm__("_ZdaPvSt11align_val_tRKSt9nothrow_t");
void gilloc_cxx_delete_sized_aligned(void *p, size_t size,
                                     size_t alignment) __asm__("_ZdlPvmSt11align_val_t");
void gilloc_cxx_delete_array_sized_aligned(void *p, size_t size,
                                           size_t alignment) __asm__("_ZdaPvmSt11align_val_t");

#endif
