/* SPDX-License-Identifier: MIT
 *
 * pipe_io.h: whole structs through a pipe, between processes of one build.
 */
#ifndef GILLOC_LAB_PIPE_IO_H
#define GILLOC_LAB_PIPE_IO_H

#include <stdbool.h>
#include <stddef.h>

/* All `size` bytes or false: at the end of the stream errno is 0. */
bool gilloc_pipe_read(int fd, void *into, size_t size);
bool gilloc_pipe_write(int fd, const void *from, size_t size);

#endif
