# One list of flags, and the rule that a module sees only what it names.
#
# Every #include is written from the repository's root ("base/err.h"). A target does not have the root among its include
# folders, but a view of each folder that it SEES: a folder of links to the headers there. So an #include that goes against
# the arrows of the house (docs/architecture.md) does not compile, and the arrows are the SEES of the targets.

set(WG_FLAGS -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wvla -Wundef -Wformat=2 -Wcast-qual -Wwrite-strings -Wpointer-arith
    -Wconversion -Wimplicit-fallthrough -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fno-strict-aliasing -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND WG_FLAGS -Wno-format-truncation) # messages may be cut
else()
  list(APPEND WG_FLAGS -Wmissing-variable-declarations)
endif()
# Where a switch treats every kind, a default would hide one that is new. These have switches that treat a few of very many.
set(WG_FEW_OF_MANY wg_trace wg_diff wg_replay wg_travel wg_emu_cpu)
if(WG_WERROR)
  list(APPEND WG_FLAGS -Werror)
endif()
if(WG_SANITIZE)
  list(APPEND WG_FLAGS -fsanitize=${WG_SANITIZE} -fno-omit-frame-pointer)
  if(NOT WG_SANITIZE STREQUAL "thread")
    list(APPEND WG_FLAGS -fno-sanitize-recover=all)
  endif()
  add_link_options(-fsanitize=${WG_SANITIZE})
endif()

# The view of a folder of the repository.
function(wg_view folder out)
  string(REPLACE "/" "+" name ${folder})
  set(view ${CMAKE_BINARY_DIR}/see/${name})
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.h ${CMAKE_SOURCE_DIR}/${folder}/*.def)
  file(GLOB links ${view}/${folder}/*)
  foreach(link ${links})
    get_filename_component(leaf ${link} NAME)
    if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${folder}/${leaf})
      file(REMOVE ${link})
    endif()
  endforeach()
  file(MAKE_DIRECTORY ${view}/${folder})
  foreach(header ${headers})
    get_filename_component(leaf ${header} NAME)
    if(NOT EXISTS ${view}/${folder}/${leaf})
      file(CREATE_LINK ${header} ${view}/${folder}/${leaf} SYMBOLIC)
    endif()
  endforeach()
  set(${out} ${view} PARENT_SCOPE)
endfunction()

# A target sees the headers of these folders.
function(wg_sees target)
  foreach(folder ${ARGN})
    wg_view(${folder} view)
    target_include_directories(${target} PRIVATE ${view})
  endforeach()
endfunction()

# What is no part of the house (tests, benchmarks) sees all of it.
function(wg_sees_all target)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
endfunction()

function(wg_module name)
  cmake_parse_arguments(ARG "" "" "SEES;SRC;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SRC})
  wg_sees(${name} ${ARG_SEES})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:C>:${WG_FLAGS}>)
  if(NOT name IN_LIST WG_FEW_OF_MANY)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:C>:-Wswitch-enum>)
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()

# A test is one CUnit executable for a module, run by ctest. Its own lines run once, and take longest to compile: not optimized.
function(wg_test name)
  cmake_parse_arguments(ARG "" "" "SRC;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRC})
  list(GET ARG_SRC 0 own)
  set_property(SOURCE ${own} APPEND PROPERTY COMPILE_OPTIONS -O0)
  wg_sees_all(${name})
  target_compile_options(${name} PRIVATE ${WG_FLAGS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} PkgConfig::cunit)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# Libraries by their pkg-config names. What is missing is named all at once, with what gets it.
function(wg_require)
  find_package(PkgConfig REQUIRED)
  set(missing)
  foreach(dep ${ARGN})
    pkg_check_modules(${dep} QUIET IMPORTED_TARGET GLOBAL ${dep})
    if(NOT ${dep}_FOUND)
      list(APPEND missing ${dep})
    endif()
    set(${dep}_VERSION ${${dep}_VERSION} PARENT_SCOPE)
  endforeach()
  if(missing)
    list(JOIN missing ", " missing)
    message(FATAL_ERROR "these libraries are missing (as pkg-config names them): ${missing}\n"
                        "scripts/setup.sh --minimum installs what a build needs, scripts/setup.sh what the tests need too.\n"
                        "Without CUnit and libmspack: -DBUILD_TESTING=OFF.")
  endif()
endfunction()
