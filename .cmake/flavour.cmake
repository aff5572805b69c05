# SPDX-License-Identifier: MIT
#
# gilloc_add_flavour(name strategy lock geometry [INSTALL] [TEST_ONLY] [DLOPEN [CLOSABLE]]) makes, from one set of objects,
#   gilloc-<name>-static   lib/libgilloc-<name>.a    leaves malloc alone
#   gilloc-<name>          lib/libgilloc-<name>.so   replaces malloc (linked or preloaded); not with sanitizers
#   gilloc-<name>-internal the definitions and include folders of the flavour, for tests of its modules
# and with INSTALL
#   gilloc-<name>-malloc   lib/libgilloc-<name>-malloc.a   replaces malloc in the program that it is linked into
#   gilloc-<name>-objects  src/; its property GILLOC_SYNC names the target with sync/'s objects, which know no
#                          geometry: flavours that differ in nothing else share them
# and appends to GILLOC_FLAVOURS and, as asked, GILLOC_INSTALLED_FLAVOURS.
# With DLOPEN it makes, from objects whose thread-locals need no room in the static TLS block,
#   gilloc-<name>          lib/libgilloc-<name>.so   for dlopen: leaves malloc alone, offers gilloc/*.h
# which stays loaded after dlclose, but for CLOSABLE,
# and appends to GILLOC_DLOPEN_FLAVOURS alone: neither the lab nor the unit tests know of it.
#
# The module that reaches the C library's malloc (src/raw.c) is compiled twice: a library that replaces
# malloc has to call glibc's by its other name.

set(GILLOC_STRATEGY_NUMBERS none 0 gil 1 fine 2)
set(GILLOC_LOCK_NUMBERS none 0 pthread 1 futex 2 fas 3 ticket 4 mcs 5)
set(GILLOC_RAW_PLAIN
    GILLOC_RAW_MALLOC=malloc GILLOC_RAW_CALLOC=calloc GILLOC_RAW_REALLOC=realloc GILLOC_RAW_FREE=free
    GILLOC_RAW_MEMALIGN=memalign)
set(GILLOC_RAW_OF_LIBC
    GILLOC_RAW_MALLOC=__libc_malloc GILLOC_RAW_CALLOC=__libc_calloc GILLOC_RAW_REALLOC=__libc_realloc
    GILLOC_RAW_FREE=__libc_free GILLOC_RAW_MEMALIGN=__libc_memalign)
set(GILLOC_OBJECT_OPTIONS -fPIC -fvisibility=hidden -Wconversion -Wno-sign-conversion)

file(GLOB GILLOC_SYNC_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sync/*.c)
file(GLOB GILLOC_CORE_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.c)
set(GILLOC_RAW_SOURCE ${PROJECT_SOURCE_DIR}/src/raw.c)
file(GLOB GILLOC_SHIM_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/shim_*.c)
set(GILLOC_ARCHIVE_CXX_SOURCE ${PROJECT_SOURCE_DIR}/src/archive_cxx.c)
list(REMOVE_ITEM GILLOC_CORE_SOURCES ${GILLOC_RAW_SOURCE} ${GILLOC_SHIM_SOURCES} ${GILLOC_ARCHIVE_CXX_SOURCE})
# A new-handler may throw through operator new.
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/shim_cxx.c ${GILLOC_ARCHIVE_CXX_SOURCE}
                            PROPERTIES COMPILE_OPTIONS -fexceptions)
# Second names instead of functions that jump: an instruction less a call.
set(GILLOC_SECOND_NAMES
    --defsym=malloc=gilloc_malloc --defsym=free=gilloc_free --defsym=calloc=gilloc_calloc
    --defsym=free_sized=gilloc_free_sized --defsym=free_aligned_sized=gilloc_free_aligned_sized
    --defsym=malloc_usable_size=gilloc_usable_size)

# sync/'s sources for a strategy: liburcu is for `fine` alone.
function(gilloc_sync_sources strategy result)
  set(sources ${GILLOC_SYNC_SOURCES})
  if(NOT strategy STREQUAL fine)
    list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/sync/rcu.c)
  endif()
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

function(gilloc_number_of name table result)
  list(FIND ${table} ${name} at)
  if(at EQUAL -1)
    message(FATAL_ERROR "gilloc_add_flavour: ${name} is not in ${table} (${${table}})")
  endif()
  math(EXPR at "${at} + 1")
  list(GET ${table} ${at} number)
  set(${result} ${number} PARENT_SCOPE)
endfunction()

# The interface target that carries what sync/ has to know of a flavour.
function(gilloc_add_sync_definitions target strategy lock)
  gilloc_number_of(${strategy} GILLOC_STRATEGY_NUMBERS strategy_number)
  gilloc_number_of(${lock} GILLOC_LOCK_NUMBERS lock_number)
  add_library(${target} INTERFACE)
  target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/sync)
  target_include_directories(${target} SYSTEM INTERFACE ${CK_INCLUDE_DIRS})
  target_compile_definitions(
    ${target}
    INTERFACE GILLOC_STRATEGY=${strategy_number}
              GILLOC_LOCK=${lock_number}
              GILLOC_FLAVOUR_STRATEGY="${strategy}"
              GILLOC_FLAVOUR_LOCK="${lock}"
              GILLOC_VERSION="${PROJECT_VERSION}"
              $<$<BOOL:${GILLOC_DEBUG_BUILD}>:GILLOC_DEBUG_BUILD>
              $<$<BOOL:${GILLOC_DEEP_BUILD}>:GILLOC_DEEP_BUILD>
              ${ARGN})
endfunction()

# All of a flavour's definitions.
function(gilloc_add_definitions target strategy lock geometry)
  gilloc_add_sync_definitions(${target} ${strategy} ${lock} ${ARGN})
  target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${target} INTERFACE GILLOC_GEOMETRY_FILE="geometry_${geometry}.h"
                                                 GILLOC_FLAVOUR_GEOMETRY="${geometry}")
endfunction()

function(gilloc_link_system_libraries target strategy)
  target_link_libraries(${target} PUBLIC Threads::Threads)
  if(strategy STREQUAL fine)
    target_link_libraries(${target} PRIVATE PkgConfig::LIBURCU_BP)
  endif()
endfunction()

# The object files of a flavour that all its libraries have.
function(gilloc_objects_of name result)
  get_target_property(sync gilloc-${name}-objects GILLOC_SYNC)
  set(${result} $<TARGET_OBJECTS:gilloc-${name}-objects> $<TARGET_OBJECTS:${sync}> PARENT_SCOPE)
endfunction()

function(gilloc_add_static name strategy)
  gilloc_objects_of(${name} objects)
  add_library(gilloc-${name}-static STATIC ${GILLOC_RAW_SOURCE} ${objects})
  set_target_properties(gilloc-${name}-static PROPERTIES OUTPUT_NAME gilloc-${name} EXPORT_NAME ${name}-static)
  target_compile_options(gilloc-${name}-static PRIVATE ${GILLOC_OBJECT_OPTIONS})
  target_compile_definitions(gilloc-${name}-static PRIVATE ${GILLOC_RAW_PLAIN})
  target_link_libraries(gilloc-${name}-static PRIVATE $<BUILD_INTERFACE:gilloc-${name}-internal>)
  # Nothing refers to it, and it has to be there in an application; unit tests link what they test.
  target_link_options(gilloc-${name}-static INTERFACE $<INSTALL_INTERFACE:-Wl,-u,gilloc_exit_report>)
  target_include_directories(gilloc-${name}-static INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  gilloc_link_system_libraries(gilloc-${name}-static ${strategy})
endfunction()

function(gilloc_add_shared name strategy)
  gilloc_objects_of(${name} objects)
  add_library(gilloc-${name} SHARED ${GILLOC_RAW_SOURCE} ${GILLOC_SHIM_SOURCES} ${objects})
  set_target_properties(gilloc-${name} PROPERTIES EXPORT_NAME ${name} VERSION ${PROJECT_VERSION}
                                                  SOVERSION ${PROJECT_VERSION_MAJOR})
  target_compile_options(gilloc-${name} PRIVATE ${GILLOC_OBJECT_OPTIONS} -fno-builtin)
  target_compile_definitions(gilloc-${name} PRIVATE ${GILLOC_RAW_OF_LIBC})
  # Never unloaded: it owns live memory and static TLS. Bound at load: the resolver must not run inside malloc.
  # Initialised first: its fork handlers must be registered before everybody's, to run inside them. Text and what is
  # only read in one segment: every program that starts pays for each of them.
  target_link_options(gilloc-${name} PRIVATE
                      LINKER:-z,defs,-z,now,-z,nodelete,-z,initfirst,-z,noseparate-code,-Bsymbolic-functions)
  list(JOIN GILLOC_SECOND_NAMES , second_names)
  target_link_options(gilloc-${name} PRIVATE LINKER:${second_names})
  target_link_libraries(gilloc-${name} PRIVATE $<BUILD_INTERFACE:gilloc-${name}-internal>)
  target_include_directories(gilloc-${name} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  gilloc_link_system_libraries(gilloc-${name} ${strategy})
endfunction()

# What replaces malloc is one object, so that whoever wants any part of it has the whole: a function that came from the
# C library beside it would meet blocks that it does not know. The operators are a member of their own, which C programs
# do not ask for. There is no raw.c: what a `wide` flavour allocates comes from itself alone.
function(gilloc_add_malloc name strategy)
  add_library(gilloc-${name}-shims OBJECT ${PROJECT_SOURCE_DIR}/src/shim_malloc.c ${PROJECT_SOURCE_DIR}/src/shim_info.c)
  target_compile_options(gilloc-${name}-shims PRIVATE ${GILLOC_OBJECT_OPTIONS} -fno-builtin)
  target_link_libraries(gilloc-${name}-shims PRIVATE gilloc-${name}-internal)
  gilloc_objects_of(${name} objects)
  list(APPEND objects $<TARGET_OBJECTS:gilloc-${name}-shims>)
  set(script ${PROJECT_SOURCE_DIR}/.cmake/archive.ld)
  set(whole ${PROJECT_BINARY_DIR}/gilloc-${name}-malloc.o)
  add_custom_command(
    OUTPUT ${whole}
    COMMAND ${CMAKE_LINKER} -r -T ${script} ${GILLOC_SECOND_NAMES} -o ${whole} ${objects}
    DEPENDS ${objects} ${script}
    COMMAND_EXPAND_LISTS VERBATIM)
  add_library(gilloc-${name}-malloc STATIC ${whole} ${GILLOC_ARCHIVE_CXX_SOURCE})
  set_target_properties(gilloc-${name}-malloc PROPERTIES EXPORT_NAME ${name}-malloc)
  target_compile_options(gilloc-${name}-malloc PRIVATE ${GILLOC_OBJECT_OPTIONS} -fno-builtin)
  target_link_libraries(gilloc-${name}-malloc PRIVATE $<BUILD_INTERFACE:gilloc-${name}-internal>)
  # A program that names malloc nowhere still calls it, by the C library's functions.
  target_link_options(gilloc-${name}-malloc INTERFACE LINKER:-u,malloc)
  target_include_directories(gilloc-${name}-malloc INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  # By name, not by path: the linker takes liburcu's archives for a static program. What needs another stands before it.
  set(libraries Threads::Threads)
  if(strategy STREQUAL fine)
    list(APPEND libraries urcu-bp urcu-common)
    target_link_directories(gilloc-${name}-malloc INTERFACE ${LIBURCU_BP_LIBRARY_DIRS})
  endif()
  target_link_libraries(gilloc-${name}-malloc INTERFACE ${libraries})
endfunction()

# Never unloaded, unless made for it: threads that live on call it when they end, and blocks in use are its memory.
function(gilloc_add_dlopen name strategy is_closable)
  gilloc_objects_of(${name} objects)
  add_library(gilloc-${name} SHARED ${GILLOC_RAW_SOURCE} ${objects})
  set_target_properties(gilloc-${name} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  target_compile_options(gilloc-${name} PRIVATE ${GILLOC_OBJECT_OPTIONS})
  target_compile_definitions(gilloc-${name} PRIVATE ${GILLOC_RAW_PLAIN})
  target_link_options(gilloc-${name} PRIVATE LINKER:-z,defs,-z,now,-Bsymbolic-functions)
  if(NOT is_closable)
    target_link_options(gilloc-${name} PRIVATE LINKER:-z,nodelete)
  endif()
  target_link_libraries(gilloc-${name} PRIVATE gilloc-${name}-internal)
  gilloc_link_system_libraries(gilloc-${name} ${strategy})
endfunction()

# sync/ alone: for the flavours, and for a program that brings its own allocator under the public headers.
function(gilloc_add_sync_library target strategy lock)
  gilloc_add_sync_definitions(${target}-internal ${strategy} ${lock} ${ARGN})
  gilloc_sync_sources(${strategy} sync_sources)
  add_library(${target} OBJECT ${sync_sources})
  target_compile_options(${target} PRIVATE ${GILLOC_OBJECT_OPTIONS})
  target_link_libraries(${target} PRIVATE ${target}-internal)
  target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/include)
  gilloc_link_system_libraries(${target} ${strategy})
endfunction()

function(gilloc_add_flavour name strategy lock geometry)
  cmake_parse_arguments(PARSE_ARGV 4 arg "INSTALL;TEST_ONLY;DLOPEN;CLOSABLE" "" "")
  if((GILLOC_ONLY_FLAVOURS AND NOT name IN_LIST GILLOC_ONLY_FLAVOURS) OR (arg_DLOPEN AND NOT GILLOC_SHARED))
    return()
  endif()
  set(sync gilloc-sync-${strategy}-${lock})
  set(definitions "")
  if(name MATCHES -slow$)
    set(definitions GILLOC_SLOW_PATHS_BUILD)
  elseif(arg_DLOPEN)
    set(definitions GILLOC_DLOPEN_BUILD)
  endif()
  if(arg_CLOSABLE)
    list(APPEND definitions GILLOC_CLOSABLE_BUILD)
  endif()
  if(definitions)
    set(sync gilloc-sync-${name})
  endif()
  if(NOT TARGET ${sync})
    gilloc_add_sync_library(${sync} ${strategy} ${lock} ${definitions})
  endif()
  gilloc_add_definitions(gilloc-${name}-internal ${strategy} ${lock} ${geometry} ${definitions})
  add_library(gilloc-${name}-objects OBJECT ${GILLOC_CORE_SOURCES})
  target_compile_options(gilloc-${name}-objects PRIVATE ${GILLOC_OBJECT_OPTIONS})
  target_link_libraries(gilloc-${name}-objects PRIVATE gilloc-${name}-internal)
  set_target_properties(gilloc-${name}-objects PROPERTIES GILLOC_SYNC ${sync})
  if(arg_DLOPEN)
    gilloc_add_dlopen(${name} ${strategy} ${arg_CLOSABLE})
    set(GILLOC_DLOPEN_FLAVOURS ${GILLOC_DLOPEN_FLAVOURS} ${name} PARENT_SCOPE)
    return()
  endif()
  gilloc_add_static(${name} ${strategy})
  if(GILLOC_SHARED AND NOT arg_TEST_ONLY)
    gilloc_add_shared(${name} ${strategy})
  endif()
  if(GILLOC_SHARED AND arg_INSTALL)
    gilloc_add_malloc(${name} ${strategy})
  endif()
  set(GILLOC_FLAVOURS ${GILLOC_FLAVOURS} ${name} PARENT_SCOPE)
  if(arg_INSTALL)
    set(GILLOC_INSTALLED_FLAVOURS ${GILLOC_INSTALLED_FLAVOURS} ${name} PARENT_SCOPE)
  endif()
endfunction()

