# embed_scripts(TARGET DIRECTORY HEADER): every DIRECTORY/*.lua becomes a constant in HEADER, generated below the build folder,
# without its comments and indentation: what Redis parses and keeps is shorter so. Within a script, `-- include NAME` stands
# for the text of DIRECTORY/shared/NAME.lua, so that each script is sent with only what it needs.
function(embed_scripts target directory header)
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${directory}/*.lua)
  file(GLOB shared CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${directory}/shared/*.lua)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/generated/${header})
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D DIRECTORY=${CMAKE_CURRENT_SOURCE_DIR}/${directory}
      -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/embed_scripts_now.cmake
    DEPENDS ${scripts} ${shared} ${CMAKE_CURRENT_SOURCE_DIR}/cmake/embed_scripts_now.cmake
    COMMENT "Embedding the scripts of ${directory}")
  target_sources(${target} PRIVATE ${output})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()
