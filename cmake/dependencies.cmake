# Where each dependency comes from. tools/setup installs or unpacks what is missing (docs/decisions.md says why each).
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)

# Boost: headers alone, 1.91 or newer; its few compiled parts are built once, in cmake/boost_*.cpp.
find_path(boost_headers boost/redis/connection.hpp PATHS ${CMAKE_SOURCE_DIR}/build/deps/boost/usr/include
  NO_DEFAULT_PATH)
if(NOT boost_headers)
  find_path(boost_headers boost/redis/connection.hpp REQUIRED)
endif()
add_library(boost STATIC cmake/boost_asio.cpp cmake/boost_beast.cpp cmake/boost_json.cpp cmake/boost_redis.cpp)
target_include_directories(boost SYSTEM PUBLIC ${boost_headers})
target_compile_definitions(boost PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY)
target_link_libraries(boost PUBLIC Threads::Threads OpenSSL::SSL OpenSSL::Crypto)

# What follows is the server's alone.
if(NOT REPRISE_SERVER)
  return()
endif()
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(CLI11 REQUIRED)
pkg_check_modules(crypt REQUIRED IMPORTED_TARGET libcrypt)
pkg_check_modules(mongoc REQUIRED IMPORTED_TARGET libmongoc-1.0)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl>=7.88)

# SQLite: 3.51.3 or newer, static, before the system's in every search path. SQLiteCpp calls only its stable C interface.
find_library(sqlitecpp_archive SQLiteCpp REQUIRED)
if(EXISTS ${CMAKE_SOURCE_DIR}/build/deps/sqlite/libsqlite3.a)
  set(sqlite_archive ${CMAKE_SOURCE_DIR}/build/deps/sqlite/libsqlite3.a)
  set(sqlite_headers ${CMAKE_SOURCE_DIR}/build/deps/sqlite)
else()
  find_library(sqlite_archive sqlite3 REQUIRED)
  find_path(sqlite_headers sqlite3.h REQUIRED)
endif()
add_library(sqlite INTERFACE)
target_include_directories(sqlite SYSTEM BEFORE INTERFACE ${sqlite_headers})
target_link_libraries(sqlite INTERFACE ${sqlitecpp_archive} ${sqlite_archive} Threads::Threads ${CMAKE_DL_LIBS} m)
