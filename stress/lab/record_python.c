/* SPDX-License-Identifier: MIT
 *
 * record_python.c: CPython with its allocators watched: record-python SCRIPT [ARGUMENT...] runs the script
 * as python3 does, with hooks on the domains MEM and OBJ from before the interpreter is initialised. The
 * hooks forward to what was there (pymalloc) and write the same events as the preload library does.
 */
#include "record_log.h"

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static PyMemAllocatorEx originals[2];

static void *hook_malloc(void *context, size_t size)
{
  PyMemAllocatorEx *next = context;
  void *p = next->malloc(next->ctx, size);
  if (p)
    gilloc_record_log_put(GILLOC_RECORD_MALLOC,
                          (struct gilloc_record_event){.address = (uintptr_t)p, .first = size});
  return p;
}

static void *hook_calloc(void *context, size_t count, size_t size)
{
  PyMemAllocatorEx *next = context;
  void *p = next->calloc(next->ctx, count, size);
  if (p)
    gilloc_record_log_put(GILLOC_RECORD_CALLOC, (struct gilloc_record_event){
                                                    .address = (uintptr_t)p, .first = count, .second = size});
  return p;
}

static void hook_free(void *context, void *p)
{
  PyMemAllocatorEx *next = context;
  if (p)
    gilloc_record_log_put(GILLOC_RECORD_FREE, (struct gilloc_record_event){.address = (uintptr_t)p});
  next->free(next->ctx, p);
}

static void *hook_realloc(void *context, void *p, size_t size)
{
  PyMemAllocatorEx *next = context;
  if (!p)
    return hook_malloc(context, size);
  gilloc_record_log_put(GILLOC_RECORD_RESIZE_BEGIN, (struct gilloc_record_event){.address = (uintptr_t)p});
  void *moved = next->realloc(next->ctx, p, size);
  gilloc_record_log_put(GILLOC_RECORD_RESIZE_END,
                        (struct gilloc_record_event){.address = (uintptr_t)moved, .first = size});
  return moved;
}

static void hook(PyMemAllocatorDomain domain, PyMemAllocatorEx *original)
{
  PyMem_GetAllocator(domain, original);
  PyMemAllocatorEx watching = {original, hook_malloc, hook_calloc, hook_realloc, hook_free};
  PyMem_SetAllocator(domain, &watching);
}

_Noreturn static void fail(const char *what, PyStatus status)
{
  (void)fprintf(stderr, "gilloc: record: %s: %s\n", what,
                status.err_msg ? status.err_msg : "python3 gave no reason");
  exit(1);
}

int main(int argc, char **argv)
{
  gilloc_record_log_start();
  /* Either would put another allocator over the hooks. */
  (void)unsetenv("PYTHONMALLOC");
  (void)unsetenv("PYTHONDEVMODE");
  hook(PYMEM_DOMAIN_MEM, &originals[0]);
  hook(PYMEM_DOMAIN_OBJ, &originals[1]);
  PyPreConfig before;
  PyPreConfig_InitPythonConfig(&before);
  before.allocator = PYMEM_ALLOCATOR_NOT_SET;
  PyStatus status = Py_PreInitializeFromBytesArgs(&before, argc, argv);
  if (PyStatus_Exception(status))
    fail("python3 cannot be initialised", status);
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  status = PyConfig_SetBytesArgv(&config, argc, argv);
  if (!PyStatus_Exception(status))
    status = PyConfig_SetBytesString(&config, &config.program_name, "python3");
  if (!PyStatus_Exception(status))
    status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_IsExit(status))
    return status.exitcode;
  if (PyStatus_Exception(status))
    fail("python3 cannot be initialised", status);
  return Py_RunMain();
}
