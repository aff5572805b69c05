/* SPDX-License-Identifier: MIT
 *
 * machine.c: /proc, /sys and sysconf(3).
 */
#include "machine.h"

#include <gnu/libc-version.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void set_text(char *text, const char *value)
{
  (void)snprintf(text, GILLOC_MACHINE_TEXT, "%s", value);
}

/* The first line of a file, or "unknown". */
static void read_first_line(char *text, const char *path)
{
  set_text(text, "unknown");
  FILE *file = fopen(path, "re");
  if (!file)
    return;
  char line[GILLOC_MACHINE_TEXT];
  if (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    set_text(text, line);
  }
  (void)fclose(file);
}

static void read_cpu(char *text)
{
  set_text(text, "unknown");
  FILE *file = fopen("/proc/cpuinfo", "re");
  char line[512];
  while (file && fgets(line, sizeof line, file)) {
    char *colon = strchr(line, ':');
    if (!colon || strncmp(line, "model name", strlen("model name")) != 0)
      continue;
    line[strcspn(line, "\n")] = '\0';
    set_text(text, colon + 1 + strspn(colon + 1, " "));
    break;
  }
  if (file)
    (void)fclose(file);
}

/* The kernel lists all choices and brackets the one in force. */
static void read_huge_pages(char *text)
{
  char line[GILLOC_MACHINE_TEXT];
  read_first_line(line, "/sys/kernel/mm/transparent_hugepage/enabled");
  char *begin = strchr(line, '[');
  char *end = begin ? strchr(begin, ']') : NULL;
  if (end)
    *end = '\0';
  set_text(text, end ? begin + 1 : "unknown");
}

static void read_date(char *text)
{
  time_t now = time(NULL);
  struct tm utc;
  if (!gmtime_r(&now, &utc) || strftime(text, GILLOC_MACHINE_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
    set_text(text, "unknown");
}

static unsigned usable_cores(unsigned online)
{
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return online;
  return (unsigned)CPU_COUNT(&set);
}

static uint64_t positive(long value)
{
  return value > 0 ? (uint64_t)value : 0;
}

struct gilloc_machine gilloc_machine_read(void)
{
  struct gilloc_machine machine = {.compiler = GILLOC_COMPILER};
  struct utsname name;
  if (uname(&name) == 0)
    (void)snprintf(machine.kernel, sizeof machine.kernel, "%.40s %.60s %.20s", name.sysname, name.release,
                   name.machine);
  else
    set_text(machine.kernel, "unknown");
  (void)snprintf(machine.libc, sizeof machine.libc, "glibc %s", gnu_get_libc_version());
  read_cpu(machine.cpu);
  read_first_line(machine.governor, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  read_huge_pages(machine.huge_pages);
  read_date(machine.date);
  machine.cores_online = (unsigned)positive(sysconf(_SC_NPROCESSORS_ONLN));
  machine.cores_usable = usable_cores(machine.cores_online);
  if (getloadavg(machine.load, 3) != 3)
    memset(machine.load, 0, sizeof machine.load);
  machine.page_size = positive(sysconf(_SC_PAGESIZE));
  machine.memory = positive(sysconf(_SC_PHYS_PAGES)) * machine.page_size;
  return machine;
}

struct gilloc_machine_time gilloc_machine_time(void)
{
  unsigned long long user = 0;
  unsigned long long nice = 0;
  unsigned long long system = 0;
  unsigned long long irq = 0;
  unsigned long long softirq = 0;
  unsigned long long steal = 0;
  struct gilloc_machine_time time = {0, 0};
  FILE *file = fopen("/proc/stat", "re");
  /* cpu user nice system idle iowait irq softirq steal */
  if (file && fscanf(file, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &system, &irq, &softirq,
                     &steal) == 6) {
    double tick = 1 / (double)sysconf(_SC_CLK_TCK);
    time.busy = (double)(user + nice + system + irq + softirq) * tick;
    time.stolen = (double)steal * tick;
  }
  if (file)
    (void)fclose(file);
  return time;
}
