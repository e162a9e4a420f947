# add_dashboard(TARGET): the pages of web/ as a part of TARGET: bundled by esbuild, each file plain and with gzip, in one
# generated source. It wants Node.js 18 or newer and npm; without them, and with -DREPRISE_DASHBOARD=OFF, the program is
# built without pages, and /dashboard says so.
include(cmake/npm_packages.cmake)

option(REPRISE_DASHBOARD "build the dashboard, where Node.js and npm are" ON)

# The packages of web/package-lock.json, into the build folder. Sets `output` to whether they are there.
function(install_dashboard_packages folder output)
  set(${output} FALSE PARENT_SCOPE)
  find_program(NODE node)
  find_program(NPM npm)
  if(NOT NODE OR NOT NPM)
    message(STATUS "The dashboard is left out: it needs Node.js 18 or newer, and npm")
    return()
  endif()
  execute_process(COMMAND ${NODE} --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE "^v" "" version "${version}")
  if(version VERSION_LESS 18)
    message(STATUS "The dashboard is left out: it needs Node.js 18 or newer, and this is ${version}")
    return()
  endif()
  install_npm_packages("The dashboard" web ${folder} is_there)
  set(${output} ${is_there} PARENT_SCOPE)
endfunction()

function(add_dashboard target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/web)
  set(is_there FALSE)
  if(REPRISE_DASHBOARD)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS web/package-lock.json)
    install_dashboard_packages(${folder} is_there)
  else()
    message(STATUS "The dashboard is left out: REPRISE_DASHBOARD is off")
  endif()
  if(NOT is_there)
    target_sources(${target} PRIVATE cmake/no_page_assets.cpp)
    return()
  endif()
  file(GLOB_RECURSE pages CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/web/source/*)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/generated/page_assets.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${NODE} ${CMAKE_CURRENT_SOURCE_DIR}/web/build.mjs ${folder} ${output}
    DEPENDS ${pages} ${CMAKE_CURRENT_SOURCE_DIR}/web/build.mjs ${folder}/installed
    COMMENT "Bundling the dashboard")
  target_sources(${target} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
