#include "server/command_line.hpp"

#include "server/command_description.hpp"
#include "server/config_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

namespace bookings {
namespace {

using kind = command::kind;

command parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "bookings-server");
  std::vector<char*> pointers;
  for (auto& each : arguments) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return parse_command_line(static_cast<int>(arguments.size()), pointers.data());
}

TEST(command_line, no_command_is_serve) {
  EXPECT_EQ(parse({}).what, kind::serve);
  EXPECT_EQ(parse({"serve"}).what, kind::serve);
  EXPECT_EQ(parse({"--port", "0"}).what, kind::serve);
  EXPECT_TRUE(parse({}).flags.empty());
  EXPECT_EQ(parse({}).status, 0);
}

TEST(command_line, commands_are_told_apart) {
  EXPECT_EQ(parse({"serve", "--check-config"}).what, kind::check_config);
  EXPECT_EQ(parse({"seed"}).what, kind::seed);
  EXPECT_EQ(parse({"doctor"}).what, kind::doctor);
  EXPECT_EQ(parse({"openapi"}).what, kind::openapi);
  EXPECT_FALSE(parse({"doctor"}).is_json);
  EXPECT_TRUE(parse({"doctor", "--json", "--port", "0"}).is_json);
  EXPECT_EQ(parse({"--json"}).what, kind::wrong_usage);
}

TEST(command_line, cache_takes_what_it_is_asked_for) {
  const auto watched = parse({"cache", "stats", "--watch", "--json", "--server", "http://127.0.0.1:1"});
  EXPECT_EQ(watched.what, kind::cache);
  EXPECT_EQ(watched.cache.what, cache_question::kind::stats);
  EXPECT_TRUE(watched.cache.is_watch && watched.cache.is_json);
  EXPECT_EQ(watched.cache.server, "http://127.0.0.1:1");
  const auto purged = parse({"cache", "purge", "bookings", "--user", "1", "--yes", "--port", "9"});
  EXPECT_EQ(purged.cache.what, cache_question::kind::purge);
  EXPECT_EQ(purged.cache.of + purged.cache.user, "bookings1");
  EXPECT_TRUE(purged.cache.is_sure);
  EXPECT_EQ(purged.flags.at("PORT"), "9");
  EXPECT_EQ(parse({"cache", "keys", "gigs"}).cache.of, "gigs");
  for (const auto& wrong : std::vector<std::vector<std::string>>{{"cache"}, {"cache", "keys"}, {"cache", "stats", "--yes"}})
    EXPECT_EQ(parse(wrong).what, kind::wrong_usage);
}

TEST(command_line, flags_stand_before_or_behind_the_command) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"serve", "--port", "0", "--redis-url=memory://"},
           {"--port=0", "serve", "--redis-url", "memory://"},
           {"--port", "0", "--redis-url", "memory://"},
           {"seed", "--redis-url", "memory://", "--port", "0"}}) {
    auto found = parse(arguments);
    EXPECT_EQ(found.flags, (std::map<std::string, std::string>{{"PORT", "0"}, {"REDIS_URL", "memory://"}}));
  }
}

TEST(command_line, each_row_of_the_table_has_a_flag) {
  std::set<std::string> flags;
  for (const auto& row : config_table()) {
    auto flag = flag_of(row.name);
    EXPECT_TRUE(flags.insert(flag).second);
    for (const auto& value : {std::string("some value"), std::string("[::1]"), std::string("a,b"), std::string("-1"),
                              std::string("")}) {
      auto found = parse({"serve", flag + "=" + value});
      EXPECT_EQ(found.what, kind::serve) << found.text;
      EXPECT_EQ(found.flags[row.name], value) << flag;
      EXPECT_EQ(parse({flag, value}).flags[row.name], value) << flag;
    }
  }
}

TEST(command_line, copy_names_stores) {
  const auto both = parse({"copy", "--from", "sqlite:a.db", "--to=mongodb://u:p@h/b", "--log-level", "info"});
  EXPECT_EQ(both.what, kind::copy) << both.text;
  EXPECT_EQ(both.from, "sqlite:a.db");
  EXPECT_EQ(both.to, "mongodb://u:p@h/b");
  EXPECT_EQ(both.flags.at("LOG_LEVEL"), "info");
  EXPECT_EQ(parse({"copy", "--to", "sqlite:b.db"}).from, "");
  EXPECT_EQ(parse({"copy", "sqlite:a.db", "sqlite:b.db"}).what, kind::wrong_usage);
}

TEST(command_line, backup_and_restore_name_a_file) {
  auto backup = parse({"backup", "a copy.db", "--force", "--store-url", "sqlite:b.db"});
  EXPECT_EQ(backup.what, kind::backup) << backup.text;
  EXPECT_EQ(backup.file, "a copy.db");
  EXPECT_TRUE(backup.is_forced);
  EXPECT_EQ(backup.flags["STORE_URL"], "sqlite:b.db");
  EXPECT_FALSE(parse({"backup", "copy.db"}).is_forced);
  auto restore = parse({"restore", "copy.db"});
  EXPECT_EQ(restore.what, kind::restore) << restore.text;
  EXPECT_EQ(restore.file, "copy.db");
}

TEST(command_line, wrong_usage_has_status_two_and_says_what) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"dance"},
                                                                     {"--dance"},
                                                                     {"serve", "seed"},
                                                                     {"seed", "--check-config"},
                                                                     {"backup"},
                                                                     {"restore"},
                                                                     {"backup", "a.db", "b.db"},
                                                                     {"restore", "a.db", "--force"},
                                                                     {"--port"},
                                                                     {"--port", "1", "--port", "2"},
                                                                     {"serve", "extra"}}) {
    auto found = parse(arguments);
    EXPECT_EQ(found.what, kind::wrong_usage) << arguments.back();
    EXPECT_EQ(found.status, 2) << arguments.back();
    EXPECT_FALSE(found.text.empty()) << arguments.back();
  }
}

TEST(command_line, help_lists_commands_flags_and_meanings) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--help"}, {"-h"}}) {
    auto found = parse(arguments);
    EXPECT_EQ(found.what, kind::help);
    EXPECT_EQ(found.status, 0);
    for (const auto& row : config_table()) {
      EXPECT_NE(found.text.find(flag_of(row.name)), std::string::npos) << row.name;
      EXPECT_NE(found.text.find(row.name + ":"), std::string::npos) << row.name;
    }
    EXPECT_NE(found.text.find("serve"), std::string::npos);
    EXPECT_NE(found.text.find("seed"), std::string::npos);
  }
  EXPECT_EQ(parse({"serve", "--help"}).what, kind::help);
  EXPECT_NE(parse({"serve", "--help"}).text.find("--check-config"), std::string::npos);
}

TEST(command_line, seed_takes_a_size_and_numbers) {
  const auto some = parse({"seed", "--size", "medium", "--bookings", "7", "--random-seed=9", "--json", "--port", "1"});
  EXPECT_EQ(some.what, kind::seed) << some.text;
  EXPECT_EQ(some.seed.size, "medium");
  EXPECT_EQ(some.seed.bookings, 7);
  EXPECT_EQ(some.seed.random_seed, 9u);
  EXPECT_FALSE(some.seed.students || some.seed.gigs || some.seed.teachers);
  EXPECT_TRUE(some.is_json);
  EXPECT_EQ(parse({"seed"}).seed.size, "small");
  for (const auto& wrong : std::vector<std::vector<std::string>>{{"--size", "tiny"}, {"--teachers", "0"}, {"--teachers", "-1"}, {"--gigs", "1.5"}})
    EXPECT_EQ(parse({"seed", wrong[0], wrong[1]}).what, kind::wrong_usage) << wrong[1];
}

TEST(command_line, description_gives_an_option_one_kind_of_value_wherever_it_stands) {
  std::map<std::string, std::string> values;
  std::set<std::string> settings;
  const auto program = describe_program();
  for (const auto* each : all_commands(program)) {
    EXPECT_NE(each->name(), "routes");
    for (const auto& option : each->options)
      EXPECT_EQ(values.emplace(option.names.back(), option.value).first->second, option.value) << option.names.back();
  }
  for (const auto& each : program.settings) {
    EXPECT_TRUE(settings.insert(each.names.back()).second && !values.contains(each.names.back())) << each.names.back();
    EXPECT_FALSE(each.value.empty() || each.group.empty()) << each.names.back();
  }
  EXPECT_EQ(settings.size(), config_table().size());
}

TEST(command_line, completions_and_manual_page_are_text_to_print) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto found = parse({"completions", shell});
    EXPECT_EQ(found.what, kind::completions);
    EXPECT_NE(found.text.find("purge"), std::string::npos);
  }
  EXPECT_EQ(parse({"completions"}).what, kind::wrong_usage);
  EXPECT_TRUE(parse({"man"}).text.find(".TH BOOKINGS") != std::string::npos);
}

TEST(command_line, version_prints_name_and_number) {
  auto found = parse({"--version"});
  EXPECT_EQ(found.what, kind::version);
  EXPECT_EQ(found.status, 0);
  EXPECT_TRUE(found.text.starts_with("bookings-server ")) << found.text;
}

}  // namespace
}  // namespace bookings
