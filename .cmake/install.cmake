# SPDX-License-Identifier: MIT
#
# What `cmake --install` gives: headers, the installed flavours as shared libraries and as archives, a CMake
# package, pkg-config files and man pages. The lab installs its own programs (stress/lab/CMakeLists.txt).
include(CMakePackageConfigHelpers)

install(DIRECTORY include/gilloc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)

set(GILLOC_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/gilloc)
foreach(flavour IN LISTS GILLOC_INSTALLED_FLAVOURS)
  foreach(target gilloc-${flavour} gilloc-${flavour}-static gilloc-${flavour}-malloc)
    if(TARGET ${target})
      install(TARGETS ${target} EXPORT gilloc-targets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    endif()
  endforeach()
endforeach()
foreach(flavour IN LISTS GILLOC_DLOPEN_FLAVOURS)
  install(TARGETS gilloc-${flavour})
endforeach()
install(EXPORT gilloc-targets NAMESPACE gilloc:: DESTINATION ${GILLOC_PACKAGE_DIR})
configure_package_config_file(.cmake/gilloc-config.cmake.in ${PROJECT_BINARY_DIR}/package/gilloc-config.cmake
                              INSTALL_DESTINATION ${GILLOC_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/gilloc-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/gilloc-config.cmake ${PROJECT_BINARY_DIR}/package/gilloc-config-version.cmake
        DESTINATION ${GILLOC_PACKAGE_DIR})

# The prefix of a .pc file is found from where the file stands, so an install tree can be moved.
file(RELATIVE_PATH GILLOC_PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(flavour IN LISTS GILLOC_INSTALLED_FLAVOURS)
  set(GILLOC_PC_PRIVATE "-pthread")
  set(GILLOC_PC_ARCHIVES "-pthread")
  if(flavour STREQUAL fine)
    list(JOIN LIBURCU_BP_LDFLAGS " " urcu)
    set(GILLOC_PC_PRIVATE "${urcu} -pthread")
    set(GILLOC_PC_ARCHIVES "${urcu} -lurcu-common -pthread") # again: liburcu-bp.a needs it
  endif()
  configure_file(.cmake/gilloc.pc.in ${PROJECT_BINARY_DIR}/package/gilloc-${flavour}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/gilloc-${flavour}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  if(TARGET gilloc-${flavour}-malloc)
    configure_file(.cmake/gilloc-malloc.pc.in ${PROJECT_BINARY_DIR}/package/gilloc-${flavour}-malloc.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/package/gilloc-${flavour}-malloc.pc
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  endif()
endforeach()

foreach(section 1 3 7)
  file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
