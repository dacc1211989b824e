# What `cmake --install` brings, its inverse (the target "uninstall"), and packages of it (cpack).

# -- the program is installed by cli/; man pages and completions were made by its help --
find_program(GZIP gzip REQUIRED)
install(CODE "
  file(MAKE_DIRECTORY \"${CMAKE_BINARY_DIR}/compressed\")
  file(GLOB pages \"${CMAKE_BINARY_DIR}/man/*.1\")
  foreach(page \${pages})
    get_filename_component(name \${page} NAME)
    execute_process(COMMAND ${GZIP} -9nc \${page} OUTPUT_FILE \"${CMAKE_BINARY_DIR}/compressed/\${name}.gz\" COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL \"${CMAKE_BINARY_DIR}/compressed/\${name}.gz\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man1\")
  endforeach()")
install(FILES ${CMAKE_BINARY_DIR}/completions/wedge.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME wedge)
# Debian's zsh looks for what packages bring in another folder than for what an administrator installs.
install(CODE "
  set(zsh site-functions)
  if(CMAKE_INSTALL_PREFIX MATCHES \"/usr$\")
    set(zsh vendor-completions)
  endif()
  file(INSTALL \"${CMAKE_BINARY_DIR}/completions/_wedge\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/zsh/\${zsh}\")")

# -- what other programs use --
install(DIRECTORY schemas/ DESTINATION ${CMAKE_INSTALL_DATADIR}/wedge/schemas FILES_MATCHING PATTERN "*.json" PATTERN "*.sql")
install(FILES export/lnav.json DESTINATION ${CMAKE_INSTALL_DATADIR}/wedge/lnav RENAME wedge.json)
install(FILES emit/wedge_trace.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES emit/example.c DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

# -- what people read --
install(FILES README.md CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md" PATTERN "*.sql")
file(READ ${CMAKE_SOURCE_DIR}/LICENSE license)
file(WRITE ${CMAKE_BINARY_DIR}/copyright "${license}")
if(WG_JIT_STATIC)
  file(APPEND ${CMAKE_BINARY_DIR}/copyright
       "\nwedge_jit.so contains parts of LLVM (https://llvm.org), under the Apache License v2.0 with LLVM Exceptions\n(/usr/share/common-licenses/Apache-2.0; https://llvm.org/LICENSE.txt).\n")
endif()
install(FILES ${CMAKE_BINARY_DIR}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
# A Debian package has a changelog of its own form beside ours.
install(CODE "
  set(into \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
  execute_process(COMMAND ${GZIP} -9nc \"${CMAKE_SOURCE_DIR}/CHANGELOG.md\" OUTPUT_FILE \"${CMAKE_BINARY_DIR}/compressed/changelog.gz\"
                  COMMAND_ERROR_IS_FATAL ANY)
  file(INSTALL \"${CMAKE_BINARY_DIR}/compressed/changelog.gz\" DESTINATION \"\${into}\")
  if(CMAKE_INSTALL_PREFIX MATCHES \"/usr$\")
    string(TIMESTAMP date \"%a, %d %b %Y %H:%M:%S +0000\" UTC)
    set(debian \"${CMAKE_BINARY_DIR}/compressed/changelog.Debian\")
    file(WRITE \"\${debian}\" \"wedge (${PROJECT_VERSION}-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n\"
                              \" -- the Wedge project <wedge@example.org>  \${date}\n\")
    execute_process(COMMAND ${GZIP} -9nc \"\${debian}\" OUTPUT_FILE \"\${debian}.gz\" COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL \"\${debian}.gz\" DESTINATION \"\${into}\")
  endif()")

add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -D MANIFEST=${CMAKE_BINARY_DIR}/install_manifest.txt
                                    -P ${CMAKE_SOURCE_DIR}/cmake/Uninstall.cmake VERBATIM)

# -- packages: cpack --config BUILD/CPackConfig.cmake makes a .deb and a .tar.gz --
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME wedge)
set(CPACK_PACKAGE_VENDOR "the Wedge project")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "trace-and-replay research emulator for Xbox 360 executables")
set(CPACK_PACKAGE_DESCRIPTION
    "Wedge records what a title does, deterministically and truly, replays it\nexactly, compares it thread by thread with a reference and names the first\nthing that differed.")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "the Wedge project <wedge@example.org>")
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
