/* SPDX-License-Identifier: MIT
 *
 * message.h: what the `gilloc` command says when something is wrong, always one line on standard error
 * that starts with "gilloc: ", and the two ways of getting memory in which "no" ends the command with
 * such a line. Control characters in a message are shown as '?', so that a name cannot add lines.
 */
#ifndef GILLOC_LAB_MESSAGE_H
#define GILLOC_LAB_MESSAGE_H

enum gilloc_status {
  GILLOC_STATUS_OK = 0,
  GILLOC_STATUS_FAILED = 1,  /* a run failed or a checksum is wrong, or a result could not be written */
  GILLOC_STATUS_REFUSED = 2, /* the request made no sense; nothing was done */
  GILLOC_STATUS_NOT_EXECUTABLE = 126, /* `gilloc run`, as the shell */
  GILLOC_STATUS_NOT_FOUND = 127
};

/* Prints the line and ends the command with GILLOC_STATUS_REFUSED, or with `status`. */
_Noreturn void gilloc_message_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void gilloc_message_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the line and returns. */
void gilloc_message_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns `p`; ends the command where it is NULL ("out of memory"). */
void *gilloc_message_need(void *p) __attribute__((returns_nonnull));

/* A new string, printed as by printf; the caller frees it. Never NULL. */
char *gilloc_message_format(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

#endif
