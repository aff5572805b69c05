# SPDX-License-Identifier: MIT
#
# How a test is made from a file. Everything a test asks for stands in lines of their own at its head
# (in a script with `#` for a comment):
#   /* flavours: none fine-* !fine-mcs */   built and run once for each; `*` matches, `!` excludes, `all`
#   /* presets: release debug */            only in builds of these kinds (release, debug, asan, tsan)
#   /* link: -Wl,--wrap=mmap */             link options
#   /* library: shared */                   against the library that replaces malloc (not with sanitizers)
#   /* args: --seconds 2 */                 command line
#   /* soak: --seconds 60 */                a second test <name>.<flavour>.soak with these arguments
#   /* args fine: --seconds 15 */            either of the two for one flavour alone, instead of the common one
#   /* timeout: 120 */                      seconds
#   /* optimised: yes */                    a unit test that works more than it calls: compiled as the library is
#   /* cost: 60 */                          about as many seconds: the longest start first, so that no core idles at the end
#   /* labels: slow */                      CTest labels
# A flavour that the build does not have is passed over. The test is called <file>.<flavour>.

set(GILLOC_TEST_KIND release)
if(GILLOC_SANITIZE MATCHES address)
  set(GILLOC_TEST_KIND asan)
elseif(GILLOC_SANITIZE MATCHES thread)
  set(GILLOC_TEST_KIND tsan)
elseif(GILLOC_DEBUG_BUILD)
  set(GILLOC_TEST_KIND debug)
endif()

# LD_PRELOAD cannot name a library in a folder with a blank or a colon; `gilloc run` says so.
set(GILLOC_CAN_PRELOAD ON)
if(PROJECT_BINARY_DIR MATCHES "[ :]")
  set(GILLOC_CAN_PRELOAD OFF)
  message(STATUS "no tests that preload: a blank or a colon in ${PROJECT_BINARY_DIR}")
endif()

# A finding ends the process; nothing is suppressed. An impossible size is no finding: malloc answers NULL, as in C.
set(GILLOC_TEST_ENVIRONMENT
    GILLOC_SOURCE_DIR=${PROJECT_SOURCE_DIR} GILLOC_BUILD_DIR=${PROJECT_BINARY_DIR}
    ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1
    UBSAN_OPTIONS=print_stacktrace=1
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1)
# ThreadSanitizer sees more the longer a stress program runs, and less in the same time.
if(NOT GILLOC_TEST_KIND STREQUAL tsan)
  list(APPEND GILLOC_TEST_ENVIRONMENT GILLOC_STRESS_SECONDS=1)
endif()

# The words of a file's first line `/* key: words */` (`# key: words` in a script), as a list.
function(gilloc_head_line file key result)
  file(STRINGS ${file} line LIMIT_COUNT 1 REGEX "^(/\\* ${key}: .* \\*/|# ${key}: .*)$")
  string(REGEX REPLACE "^(/\\*|#) ${key}: *" "" words "${line}")
  string(REGEX REPLACE " *\\*/$" "" words "${words}")
  separate_arguments(words UNIX_COMMAND "${words}")
  set(${result} ${words} PARENT_SCOPE)
endfunction()

# The flavours of this build that the patterns name.
function(gilloc_match_flavours patterns result)
  set(chosen "")
  foreach(flavour IN LISTS GILLOC_FLAVOURS)
    set(wanted FALSE)
    foreach(pattern IN LISTS patterns)
      set(answer TRUE)
      if(pattern MATCHES "^!(.*)")
        set(answer FALSE)
        set(pattern ${CMAKE_MATCH_1})
      endif()
      string(REPLACE "*" ".*" pattern "${pattern}")
      if(pattern STREQUAL all OR flavour MATCHES "^${pattern}$")
        set(wanted ${answer})
      endif()
    endforeach()
    if(wanted)
      list(APPEND chosen ${flavour})
    endif()
  endforeach()
  set(${result} ${chosen} PARENT_SCOPE)
endfunction()

# Reads a file's head into head_<key> of the caller, with the caller's default patterns of flavours;
# head_flavours is empty where the test does not belong into this build.
macro(gilloc_read_head file default_flavours)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  foreach(key flavours presets link library args soak timeout optimised cost labels)
    gilloc_head_line(${file} ${key} head_${key})
  endforeach()
  if(NOT head_flavours)
    set(head_flavours ${default_flavours})
  endif()
  gilloc_match_flavours("${head_flavours}" head_flavours)
  if((head_presets AND NOT GILLOC_TEST_KIND IN_LIST head_presets) OR (head_library STREQUAL shared AND NOT GILLOC_SHARED))
    set(head_flavours "")
  endif()
endmacro()

# The code that a unit test or a death test brings itself: it calls more than it works, and most of it runs once, so
# making it fast mostly costs more than it gives. The library that it tests is optimised as the build says.
set(GILLOC_TEST_OWN_CODE -O0)

# One program <name>.<flavour> that sees the modules' headers.
function(gilloc_add_test_program program source flavour library)
  add_executable(${program} ${source})
  target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/bin)
  if(library STREQUAL shared)
    target_link_libraries(${program} PRIVATE gilloc-${flavour})
  else()
    target_link_libraries(${program} PRIVATE gilloc-${flavour}-static)
  endif()
  target_link_libraries(${program} PRIVATE gilloc-${flavour}-internal ${ARGN})
endfunction()

# gilloc_set_test_properties(<test> <kind> <timeout> <labels> [<cost>])
function(gilloc_set_test_properties test kind timeout labels)
  if(NOT timeout)
    set(timeout 120)
  endif()
  set(environment "${GILLOC_TEST_ENVIRONMENT}")
  # At fork every guard is held, and ThreadSanitizer's search for lock cycles has room for 64 pthread mutexes in one
  # thread. The order of ours is held by the lock law.
  if(test MATCHES "fine-pthread")
    string(REPLACE halt_on_error=1 halt_on_error=1:detect_deadlocks=0 environment "${environment}")
  endif()
  set_tests_properties(${test} PROPERTIES TIMEOUT ${timeout} LABELS "${kind};${labels}" ENVIRONMENT "${environment}"
                                          COST "0${ARGN}")
endfunction()

# What a file says under `<key> <flavour>`, else under `<key>`.
function(gilloc_head_line_of file key flavour result)
  gilloc_head_line(${file} "${key} ${flavour}" words)
  if(NOT words)
    gilloc_head_line(${file} ${key} words)
  endif()
  set(${result} ${words} PARENT_SCOPE)
endfunction()

# The test <name>.<flavour>, and where its file asks for one, a long <name>.<flavour>.soak.
function(gilloc_add_program_test name flavour file kind)
  foreach(key args soak)
    gilloc_head_line_of(${file} ${key} ${flavour} ${key})
  endforeach()
  add_test(NAME ${name}.${flavour} COMMAND ${name}.${flavour} ${args})
  gilloc_set_test_properties(${name}.${flavour} ${kind} "${head_timeout}" "${head_labels}" ${head_cost})
  if(soak)
    add_test(NAME ${name}.${flavour}.soak COMMAND ${name}.${flavour} ${soak})
    list(GET soak -1 length)
    gilloc_set_test_properties(${name}.${flavour}.soak soak 3600 "" ${length})
  endif()
endfunction()

# gilloc_add_unit_test(<file>): a cmocka program.
function(gilloc_add_unit_test file)
  get_filename_component(name ${file} NAME_WE)
  gilloc_read_head(${file} "${GILLOC_UNIT_FLAVOURS}")
  foreach(flavour IN LISTS head_flavours)
    gilloc_add_test_program(${name}.${flavour} ${file} ${flavour} "${head_library}" ${head_link} PkgConfig::CMOCKA)
    if(NOT head_optimised)
      target_compile_options(${name}.${flavour} PRIVATE ${GILLOC_TEST_OWN_CODE})
    endif()
    gilloc_add_program_test(${name} ${flavour} ${file} unit)
  endforeach()
endfunction()

# gilloc_add_death_test(<file>): a program that must die by SIGABRT and say what the first line of the file,
# `/* expect: <extended regular expression> */`, states.
function(gilloc_add_death_test file)
  get_filename_component(name ${file} NAME_WE)
  gilloc_read_head(${file} "${GILLOC_DEATH_FLAVOURS}")
  foreach(flavour IN LISTS head_flavours)
    set(test death_${name}.${flavour})
    gilloc_add_test_program(${test} ${file} ${flavour} "${head_library}" ${head_link})
    target_compile_options(${test} PRIVATE ${GILLOC_TEST_OWN_CODE})
    add_test(NAME ${test} COMMAND bash ${PROJECT_SOURCE_DIR}/tests/run_death.sh ${file} $<TARGET_FILE:${test}> ${head_args})
    gilloc_set_test_properties(${test} death "${head_timeout}" "${head_labels}")
  endforeach()
endfunction()

# gilloc_add_stress_test(<file>): a program with threads; prints its seed. It shares the cores with another test, which
# takes them from its threads in the middle of things.
function(gilloc_add_stress_test file)
  get_filename_component(name ${file} NAME_WE)
  gilloc_read_head(${file} "${GILLOC_STRESS_FLAVOURS}")
  foreach(flavour IN LISTS head_flavours)
    gilloc_add_test_program(${name}.${flavour} ${file} ${flavour} "${head_library}" ${head_link})
    gilloc_add_program_test(${name} ${flavour} ${file} stress)
  endforeach()
endfunction()

# gilloc_add_script_test(<file>): a bash or Python script, called with the flavour as its argument if its head
# names flavours, else once without. Scripts run the built command and libraries, so by default not with
# sanitizers.
function(gilloc_add_script_test file)
  get_filename_component(name ${file} NAME_WE)
  set(interpreter bash)
  if(file MATCHES "\\.py$")
    set(interpreter ${Python3_EXECUTABLE})
  endif()
  gilloc_head_line(${file} flavours named)
  gilloc_read_head(${file} "!all")
  if(NOT head_presets AND NOT GILLOC_SHARED)
    return()
  endif()
  if(head_presets AND NOT GILLOC_TEST_KIND IN_LIST head_presets)
    return()
  endif()
  if(NOT named)
    add_test(NAME ${name} COMMAND ${interpreter} ${file} ${head_args})
    gilloc_set_test_properties(${name} script "${head_timeout}" "${head_labels}" ${head_cost})
  endif()
  foreach(flavour IN LISTS head_flavours)
    add_test(NAME ${name}.${flavour} COMMAND ${interpreter} ${file} ${flavour} ${head_args})
    gilloc_set_test_properties(${name}.${flavour} script "${head_timeout}" "${head_labels}" ${head_cost})
  endforeach()
endfunction()

# gilloc_add_script_tests_that_may_skip(<pattern>...): the scripts of this folder, which end with 77 where what they need is
# not installed.
function(gilloc_add_script_tests_that_may_skip)
  file(GLOB scripts CONFIGURE_DEPENDS ${ARGN})
  foreach(file IN LISTS scripts)
    gilloc_add_script_test(${file})
    get_filename_component(name ${file} NAME_WE)
    foreach(flavour IN LISTS GILLOC_FLAVOURS)
      if(TEST ${name}.${flavour})
        set_tests_properties(${name}.${flavour} PROPERTIES SKIP_RETURN_CODE 77)
      endif()
    endforeach()
  endforeach()
endfunction()
