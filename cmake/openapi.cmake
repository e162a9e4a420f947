# add_openapi(TARGET): api/openapi.json as a part of TARGET, and the page that renders it at /docs: web-docs/ with its renderer,
# an npm package whose one file is taken as it is. Without npm, and with -DREPRISE_DOCS=OFF, the program is built without
# the page, and /docs says so.
include(cmake/npm_packages.cmake)

option(REPRISE_DOCS "build the page that renders the API's description, where npm is" ON)

# The packages of web-docs/package-lock.json, into the build folder. Sets `output` to whether they are there.
function(install_docs_packages folder output)
  set(${output} FALSE PARENT_SCOPE)
  find_program(NPM npm)
  if(NOT NPM)
    message(STATUS "The page /docs is left out: it needs npm")
    return()
  endif()
  install_npm_packages("The page /docs" web-docs ${folder} is_there)
  set(${output} ${is_there} PARENT_SCOPE)
endfunction()

function(add_openapi target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/web-docs)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/generated/openapi_files.cpp)
  set(files ${CMAKE_CURRENT_SOURCE_DIR}/api/openapi.json)
  set(is_there FALSE)
  if(REPRISE_DOCS)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS web-docs/package-lock.json)
    install_docs_packages(${folder} is_there)
  else()
    message(STATUS "The page /docs is left out: REPRISE_DOCS is off")
  endif()
  if(is_there)
    list(APPEND files ${CMAKE_CURRENT_SOURCE_DIR}/web-docs/index.html ${CMAKE_CURRENT_SOURCE_DIR}/web-docs/page.css
      ${folder}/node_modules/rapidoc/dist/rapidoc-min.js)
  endif()
  string(REPLACE ";" "," list "${files}")
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D FILES=${list} -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/openapi_now.cmake
    DEPENDS ${files} ${CMAKE_CURRENT_SOURCE_DIR}/cmake/openapi_now.cmake
    COMMENT "Embedding the API's description")
  target_sources(${target} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
