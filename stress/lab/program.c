/* SPDX-License-Identifier: MIT
 *
 * program.c: looks at a program's mode, its first bytes and its ELF program headers. A file that cannot
 * be read or understood has no obstacle: exec will say what is wrong with it, if anything is.
 */
#include "program.h"

#include "message.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { HEAD = 256, INTERPRETERS = 4 };

/* execvp(3)'s in the C library, where PATH is not set. */
static const char default_path[] = "/bin:/usr/bin";

static bool is_command(const char *path)
{
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

char *gilloc_program_find(const char *command)
{
  if (strchr(command, '/'))
    return gilloc_message_need(strdup(command));
  const char *path = getenv("PATH");
  char *copy = gilloc_message_need(strdup(path ? path : default_path));
  char *rest = copy;
  char *found = NULL;
  for (char *directory; !found && (directory = strsep(&rest, ":"));) {
    char *candidate = gilloc_message_format("%s/%s", *directory ? directory : ".", command);
    if (is_command(candidate))
      found = candidate;
    else
      free(candidate);
  }
  free(copy);
  return found;
}

/* The conditions under which the kernel sets AT_SECURE, on which the dynamic linker ignores paths in
 * LD_PRELOAD (ld.so(8)). */
static bool gains_privileges(const char *path, const struct stat *status)
{
  if ((status->st_mode & S_ISUID) && status->st_uid != getuid())
    return true;
  if ((status->st_mode & S_ISGID) && (status->st_mode & S_IXGRP) && status->st_gid != getgid())
    return true;
  return getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

/* True unless the file says that no dynamic linker will load it. */
static bool has_interpreter(int file, const ElfW(Ehdr) * header)
{
  for (unsigned i = 0; i < header->e_phnum; i++) {
    ElfW(Phdr) segment;
    off_t place = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);
    if (pread(file, &segment, sizeof segment, place) != (ssize_t)sizeof segment ||
        segment.p_type == PT_INTERP)
      return true;
  }
  return false;
}

/* The libraries are for the machine that this command is for. */
static bool is_foreign(const ElfW(Ehdr) * header)
{
  ElfW(Ehdr) own;
  int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  bool known = file >= 0 && pread(file, &own, sizeof own, 0) == (ssize_t)sizeof own;
  if (file >= 0)
    (void)close(file);
  return known && (own.e_ident[EI_CLASS] != header->e_ident[EI_CLASS] || own.e_machine != header->e_machine);
}

static const char *elf_obstacle(int file)
{
  ElfW(Ehdr) header;
  if (pread(file, &header, sizeof header, 0) != (ssize_t)sizeof header)
    return NULL;
  if (is_foreign(&header))
    return "it is for another architecture";
  return has_interpreter(file, &header) ? NULL : "it is statically linked";
}

/* The interpreter that a script's first line names, cut out of `head`; NULL if there is none. */
static char *interpreter_of(char *head)
{
  if (strncmp(head, "#!", 2) != 0)
    return NULL;
  char *begin = head + 2 + strspn(head + 2, " \t");
  begin[strcspn(begin, " \t\n")] = '\0';
  return *begin ? begin : NULL;
}

static const char *obstacle(const char *path, int levels)
{
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return NULL;
  const char *found = NULL;
  char head[HEAD + 1] = "";
  struct stat status;
  bool readable = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && pread(file, head, HEAD, 0) > 0;
  char *interpreter = readable && levels > 0 ? interpreter_of(head) : NULL;
  if (interpreter)
    found = obstacle(interpreter, levels - 1);
  else if (readable && gains_privileges(path, &status))
    found = "it gains privileges (setuid, setgid or capabilities)";
  else if (readable && memcmp(head, ELFMAG, SELFMAG) == 0)
    found = elf_obstacle(file);
  (void)close(file);
  return found;
}

const char *gilloc_program_obstacle(const char *path)
{
  return obstacle(path, INTERPRETERS);
}
