#include "server/ops/doctor_rights.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace bookings::ops {
namespace {

// The commands of the page's line "ACL SETUSER <user> …".
std::set<std::string> documented(const std::string& user) {
  std::ifstream page(REPRISE_SOURCE_TREE "/docs/operations.md");
  std::set<std::string> rights;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("ACL SETUSER " + user + " ")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word.starts_with('+')) rights.insert(word.substr(1));
  }
  return rights;
}

TEST(doctor_rights, are_those_of_the_documented_users) {
  std::set<std::string> cache, queue;
  for (const auto& each : needed_rights()) {
    if (each.for_cache) cache.emplace(each.name);
    if (each.for_queue) queue.emplace(each.name);
  }
  EXPECT_EQ(cache, documented("bookings-cache"));
  EXPECT_EQ(queue, documented("bookings-queue"));
}

TEST(doctor_rights, are_tried_by_their_own_command) {
  for (const auto& each : needed_rights()) {
    if (each.harmless.empty()) continue;
    std::string command(each.harmless[0]);
    for (auto& letter : command) letter = static_cast<char>(std::tolower(letter));
    EXPECT_EQ(command, each.name.substr(0, each.name.find('|')));
  }
}

TEST(doctor_rights, are_told_from_what_servers_say) {
  for (const auto* refused :
       {"NOPERM User bookings-cache has no permissions to run the 'get' command",
        "NOPERM this user has no permissions to run the 'client|tracking' command or its subcommand",
        "NOPERM User x has no permissions to run the 'script|load' command"})
    EXPECT_EQ(permission_in(refused), permission::refused) << refused;
  for (const auto* refused : {"NOPERM No permissions to access a key",
                              "NOPERM this user has no permissions to access one of the keys used as arguments",
                              "NOPERM User x has no permissions to access the 'bookings:1' key"})
    EXPECT_EQ(permission_in(refused), permission::key_refused) << refused;
  for (const auto* unknown : {"ERR unknown command 'INFO'", "ERR command 'client|tracking' is not allowed", "ERR unknown subcommand 'tracking'. Try CLIENT HELP.", "ERR unknown command `evalsha`",
                              "ERR Unknown subcommand or wrong number of arguments for 'TRACKING'"})
    EXPECT_EQ(permission_in(unknown), permission::unknown_command) << unknown;
  for (const auto* granted : {"", "WRONGTYPE Operation against a key holding the wrong kind of value",
                              "NOSCRIPT No matching script.", "ERR value is not an integer or out of range",
                              "OOM command not allowed when used memory > 'maxmemory'.", "MOVED 1234 10.0.0.7:6379"})
    EXPECT_EQ(permission_in(granted), permission::granted) << granted;
}

}  // namespace
}  // namespace bookings::ops
