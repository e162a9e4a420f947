#include "server/cache_command.hpp"

#include "server/cache_source.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <thread>

namespace bookings {
namespace {

namespace json = boost::json;

constexpr int done = 0, failed = 1, wrong_usage = 2;
// stats ---------------------------------------------------------------------------------------------------------------

std::string stats_text(const json::value& stats) {
  auto text = fmt::format(
      "Cache {}, backend {}; {} origin reads under way, {} rows replayed\n\n",
      stats.at("available").as_bool() ? "in use" : "bypassed", stats.at("connected").as_bool() ? "connected" : "away",
      stats.at("originReads").to_number<std::uint64_t>(), stats.at("replays").to_number<std::uint64_t>());
  text += fmt::format("{:<12}{:>8}{:>11}{:>10}{:>10}{:>11}{:>10}{:>10}{:>13}\n", "PREFIX", "RATIO", "HITS", "MISSES",
                      "BYPASSES", "COLLAPSED", "STORED", "REJECTED", "INVALIDATED");
  for (const auto& [prefix, count] : stats.at("prefixes").as_object()) {
    const auto number = [&](std::string_view name) { return count.at(name).to_number<std::uint64_t>(); };
    const auto fills = [&](std::string_view name) { return count.at("fills").at(name).to_number<std::uint64_t>(); };
    text += fmt::format("{:<12}{:>7.1f}%{:>11}{:>10}{:>10}{:>11}{:>10}{:>10}{:>13}\n", std::string_view(prefix),
                        count.at("hitRatio").to_number<double>() * 100, number("hits"), number("misses"),
                        number("bypasses"), number("collapsed"), fills("stored"), fills("rejected"),
                        number("invalidations"));
  }
  return text;
}

// What look_directly() found.
std::string kept_text(const json::value& kept) {
  auto text = fmt::format("{} rows in the outbox; hits and misses are counted by each server for itself\n\n",
                          kept.at("outboxRows").to_number<std::int64_t>());
  text += fmt::format("{:<12}{:>10}{:>13}{:>13}{:>10}{:>8}\n", "PREFIX", "ENTRIES", "BYTES", "GENERATIONS", "INDEXES", "LOCKS");
  for (const auto& [prefix, count] : kept.at("prefixes").as_object()) {
    const auto number = [&](std::string_view name) { return count.at(name).to_number<std::uint64_t>(); };
    text += fmt::format("{:<12}{:>10}{:>13}{:>13}{:>10}{:>8}\n", std::string_view(prefix), number("entries"),
                        number("entryBytes"), number("generations"), number("indexes"), number("locks"));
  }
  return text;
}

int show_stats(cache_source& from, const cache_question& wanted) {
  const bool redraws = wanted.is_watch && !wanted.is_json && isatty(STDOUT_FILENO) == 1;
  for (;;) {
    const auto stats = from.stats();
    const auto text = wanted.is_json ? json::serialize(stats) + "\n" : wanted.is_direct ? kept_text(stats) : stats_text(stats);
    if (redraws) std::fputs("\x1b[H\x1b[2J", stdout);  // home, and clear
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) != 0) return failed;  // whoever read it is gone
    if (!wanted.is_watch) return done;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

// keys ----------------------------------------------------------------------------------------------------------------

std::string seconds_of(const json::value& milliseconds) {
  return milliseconds.is_null() ? "-" : fmt::format("{}s", milliseconds.to_number<std::int64_t>() / 1000);
}

int show_keys(cache_source& from, const cache_question& wanted) {
  if (!wanted.is_json) fmt::print("{:<11}{:<9}{:>8}{:>8}{:>10}  {}\n", "KIND", "STATE", "AGE", "TTL", "SIZE", "KEY");
  std::string cursor;
  do {
    const auto page = from.keys(wanted.of, cursor);
    for (const auto& each : page.at("keys").as_array()) {
      if (wanted.is_json)
        fmt::print("{}\n", json::serialize(each));
      else
        fmt::print("{:<11}{:<9}{:>8}{:>8}{:>10}  {}\n", std::string_view(each.at("kind").as_string()),
                   std::string_view(each.at("state").as_string()), seconds_of(each.at("ageMilliseconds")),
                   seconds_of(each.at("ttlMilliseconds")), each.at("size").to_number<std::uint64_t>(),
                   plain(std::string_view(each.at("key").as_string())));
    }
    if (std::fflush(stdout) != 0) return failed;
    const auto& next = page.at("next");
    cursor = next.is_null() ? std::string() : std::string(next.as_string());
  } while (!cursor.empty());
  return done;
}

// purge ---------------------------------------------------------------------------------------------------------------

bool is_confirmed(const std::string& what) {
  if (isatty(STDIN_FILENO) != 1) throw usage_error("there is nobody to ask: give --yes to purge " + what);
  fmt::print(stderr, "Purge {}? It is read from the database again by whoever asks next. [y/N] ", what);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

int purge(cache_source& at, const cache_question& wanted) {
  const auto data = at.purge(wanted.of, wanted.user);
  if (wanted.is_json)
    fmt::print("{}\n", json::serialize(data));
  else
    fmt::print("Purged.\n");
  return done;
}

}  // namespace

int run_cache(const cache_question& wanted, const config& settings, const secrets& secret) {
  try {
    // Before anything is asked of anybody: no is an answer that needs no server.
    if (wanted.what == cache_question::kind::purge && !wanted.is_sure) {
      const auto what = wanted.user.empty() ? "all " + wanted.of : wanted.of + " of user " + wanted.user;
      if (!is_confirmed(what)) {
        std::fputs("Nothing was purged.\n", stderr);
        return failed;
      }
    }
    const auto at = wanted.is_direct ? look_directly(settings, secret) : ask_server(wanted, settings, secret);
    if (wanted.what == cache_question::kind::keys) return show_keys(*at, wanted);
    if (wanted.what == cache_question::kind::purge) return purge(*at, wanted);
    return show_stats(*at, wanted);
  } catch (const usage_error& error) {
    std::fprintf(stderr, "bookings-server: cache: %s\n", error.what());
    return wrong_usage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bookings-server: cache: %s\n", error.what());
    return failed;
  }
}

}  // namespace bookings
