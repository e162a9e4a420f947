# The server's Debian package: `cpack -G DEB` in a build folder, or tools/package. Configuration in /etc, data in /var/lib
# (packaging/bookings-server.service).
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # CPack would have all tests built first
install(TARGETS bookings-server RUNTIME COMPONENT server)
# Not where somebody installs by hand, below a prefix: /etc is outside of it.
install(FILES packaging/bookings-server.service DESTINATION lib/systemd/system COMPONENT server EXCLUDE_FROM_ALL)
# Completions and the manual page are what the program itself prints.
set(printed ${CMAKE_CURRENT_BINARY_DIR}/printed)
install(CODE "file(MAKE_DIRECTORY ${printed})
  foreach(asked \"completions bash\" \"completions zsh\" \"completions fish\" man)
    separate_arguments(words UNIX_COMMAND \${asked})
    list(GET words -1 name)
    execute_process(COMMAND $<TARGET_FILE:bookings-server> \${words} OUTPUT_FILE ${printed}/\${name} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  execute_process(COMMAND gzip -9nfk ${printed}/man COMMAND_ERROR_IS_FATAL ANY)" COMPONENT server)
install(FILES ${printed}/bash DESTINATION share/bash-completion/completions RENAME bookings-server COMPONENT server)
install(FILES ${printed}/zsh DESTINATION share/zsh/vendor-completions RENAME _bookings-server COMPONENT server)
install(FILES ${printed}/fish DESTINATION share/fish/vendor_completions.d RENAME bookings-server.fish COMPONENT server)
install(FILES ${printed}/man.gz DESTINATION share/man/man1 RENAME bookings-server.1.gz COMPONENT server)
install(FILES packaging/environment DESTINATION /etc/bookings-server COMPONENT server EXCLUDE_FROM_ALL
  PERMISSIONS OWNER_READ OWNER_WRITE)

set(scripts ${CMAKE_CURRENT_SOURCE_DIR}/packaging)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/conffiles "/etc/bookings-server/environment\n")
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL server)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
# Whoever gives the package to others sets this to an address of theirs.
set(REPRISE_MAINTAINER "Reprise developers <reprise@localhost>" CACHE STRING "the package's maintainer: NAME <ADDRESS>")
set(CPACK_PACKAGE_CONTACT "${REPRISE_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "backend of a tutoring marketplace, with a response cache on Redis")
set(CPACK_DEBIAN_SERVER_PACKAGE_NAME bookings-server)
set(CPACK_DEBIAN_SERVER_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION web)
set(CPACK_DEBIAN_SERVER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS "redis-server | valkey-server")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
  "${scripts}/postinst;${scripts}/prerm;${scripts}/postrm;${CMAKE_CURRENT_BINARY_DIR}/conffiles")
include(CPack)
