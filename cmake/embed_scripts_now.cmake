# Run by embed_scripts at build time: DIRECTORY's scripts into OUTPUT.
cmake_minimum_required(VERSION 3.25)
file(GLOB scripts ${DIRECTORY}/*.lua)
set(names "")
set(texts "")
foreach(script ${scripts})
  get_filename_component(name ${script} NAME_WE)
  file(READ ${script} text)
  while("${text}" MATCHES "-- include ([a-z_]+)\n")
    set(line ${CMAKE_MATCH_0})
    file(READ ${DIRECTORY}/shared/${CMAKE_MATCH_1}.lua part)
    string(REPLACE "${line}" "${part}" text "${text}")
  endwhile()
  string(REGEX REPLACE "\n[ ]*--[^\n]*" "" text "\n${text}")
  string(REGEX REPLACE "[ ]+--[^\n]*\n" "\n" text "${text}")
  string(REGEX REPLACE "\n[ \n]+" "\n" text "${text}")
  string(STRIP "${text}" text)
  string(APPEND names "  ${name},\n")
  string(APPEND texts "    R\"lua(${text})lua\",\n")
endforeach()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT "// Generated from src/jobs/lua: change the files there.
#pragma once

#include <string_view>

namespace reprise::jobs {

enum class script {
@names@};

inline constexpr std::string_view script_sources[] = {
@texts@};

}  // namespace reprise::jobs
")
