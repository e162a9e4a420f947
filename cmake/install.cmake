# The libraries as somebody else's program has them: `cmake --install FOLDER --component library`.
#
# Each of the two is whole in itself: one archive, one shared library, with what it needs of redis_wire and of Boost's
# compiled parts. A shared library exports the names of our public headers, and those of the parts of Boost that its interface
# is made of; all else is hidden (exported_symbols says how, and why).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

configure_file(cmake/version.hpp.in ${CMAKE_CURRENT_BINARY_DIR}/generated/reprise/version.hpp @ONLY)
# Until 1.0 any minor version may change what programs were compiled against.
set(abi ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# installed_library(NAME EXPORT_NAME OBJECTS… FOUND…): NAME_static and, with REPRISE_SHARED, NAME_shared.
function(installed_library name export_name objects found)
  set(kinds static)
  if(REPRISE_SHARED)
    list(APPEND kinds shared)
  endif()
  foreach(kind ${kinds})
    set(target ${name}_${kind})
    string(TOUPPER ${kind} how)
    add_library(${target} ${how} ${objects})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} EXPORT_NAME ${export_name}_${kind}
      VERSION ${PROJECT_VERSION} SOVERSION ${abi} LINKER_LANGUAGE CXX
      ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/installed LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/installed)
    target_compile_features(${target} INTERFACE cxx_std_20)
    # Asio's and JSON's compiled parts are in the library.
    target_compile_definitions(${target} INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
    target_link_libraries(${target} INTERFACE $<INSTALL_INTERFACE:Boost::headers> Threads::Threads)
    install(TARGETS ${target} EXPORT reprise-targets COMPONENT library
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
      INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  endforeach()
  target_link_libraries(${name}_static INTERFACE ${found} OpenSSL::SSL OpenSSL::Crypto)
  if(REPRISE_SHARED)
    target_link_libraries(${name}_shared PRIVATE ${found} OpenSSL::SSL OpenSSL::Crypto)
    set(script ${CMAKE_CURRENT_SOURCE_DIR}/cmake/exported_symbols)
    set(map ${CMAKE_CURRENT_BINARY_DIR}/${name}.map)
    add_custom_command(OUTPUT ${map} COMMAND ${script} $<TARGET_FILE:${name}_static> ${CMAKE_CURRENT_SOURCE_DIR}/include/reprise ${map}
      DEPENDS ${name}_static ${script} COMMENT "Choosing what lib${name}.so exports" VERBATIM)
    add_custom_target(${name}_map DEPENDS ${map})
    add_dependencies(${name}_shared ${name}_map)
    target_link_options(${name}_shared PRIVATE -Wl,--no-undefined -Wl,--version-script=${map})
    set_target_properties(${name}_shared PROPERTIES LINK_DEPENDS ${map})
  endif()
endfunction()

set(common $<TARGET_OBJECTS:redis_wire> $<TARGET_OBJECTS:boost>)
installed_library(reprise reprise "$<TARGET_OBJECTS:reprise>;${common}"
  "spdlog::spdlog;PkgConfig::sodium;PkgConfig::zstd")
installed_library(reprise_jobs jobs "$<TARGET_OBJECTS:reprise_jobs>;${common}" "spdlog::spdlog;PkgConfig::sodium")

install(DIRECTORY include/reprise TYPE INCLUDE COMPONENT library FILES_MATCHING PATTERN *.hpp)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/generated/reprise/version.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/reprise COMPONENT library)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/reprise)
configure_package_config_file(cmake/reprise-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/reprise-config.cmake
  INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/reprise-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/reprise-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/reprise-config-version.cmake
  DESTINATION ${package} COMPONENT library)
install(EXPORT reprise-targets NAMESPACE reprise:: DESTINATION ${package} COMPONENT library)

# pkg-config: found from where the file lies, so that the folder may be moved.
file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(needs_of_reprise "spdlog libsodium openssl libzstd")
set(needs_of_reprise_jobs "spdlog libsodium openssl")
set(description_of_reprise "Caches results and HTTP replies in Redis, and serves none older than the last acknowledged write")
set(description_of_reprise_jobs "A job queue on Redis that shares its data with BullMQ")
foreach(name reprise reprise_jobs)
  set(needs ${needs_of_${name}})
  set(description ${description_of_${name}})
  configure_file(cmake/pkg-config.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
endforeach()
