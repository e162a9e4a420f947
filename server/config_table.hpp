// The one table of configuration variables. From it come: the reading of values (config.cpp), flags and help
// (command_line.cpp), warnings of misspelled names, and the test that compares .env.example with it. A new variable is
// one row, one field of config or secrets, and two lines of .env.example.
#pragma once

#include "server/config.hpp"
#include "server/config_values.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

// What the rows fill. load_config() makes config and secrets of it: some fields rest on several variables.
struct config_draft {
  config value;
  secrets secret;
  std::optional<redis_url> redis;        // REDIS_URL
  std::optional<std::string> redis_host;
  std::uint16_t redis_port = 0;
};

// May a wrong value be shown in an error?
enum class exposure { shown, hidden };

struct config_row {
  std::string group;         // heading in .env.example and in the help
  std::string name;          // "REDIS_DEADLINE_MS"
  std::string preset;        // the default, as text; empty: none, or found out at the start (WORKERS)
  std::string allowed;       // "1 to 60000": what a value may be
  std::string meaning;       // one line
  exposure shows = exposure::shown;
  std::function<std::optional<problem>(std::string_view, config_draft&)> set;  // never gets an empty value
  std::vector<std::string> choices;  // the words that are allowed, where no others are
};

// In the order of .env.example.
const std::vector<config_row>& config_table();

// "REDIS_DEADLINE_MS" -> "--redis-deadline-ms"
std::string flag_of(std::string_view name);

}  // namespace bookings
