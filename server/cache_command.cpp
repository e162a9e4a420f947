#include "server/cache_command.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <thread>

namespace bookings {
namespace {

namespace json = boost::json;

constexpr int done = 0, failed = 1, wrong_usage = 2;
constexpr long most_milliseconds = 15'000;
constexpr std::size_t most_bytes = 64 * 1024 * 1024;

// What the user could have known, and what only the server knew.
struct usage_error : std::runtime_error {
  using runtime_error::runtime_error;
};

// Keys are anybody's who may write to that Redis: none may speak to a terminal.
std::string plain(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return shown;
}

// One server, and the token that it is asked with. Not thread-safe.
class server_link {
 public:
  explicit server_link(std::string url) : url_(std::move(url)), curl_(curl_easy_init(), curl_easy_cleanup) {
    if (!curl_) throw std::runtime_error("libcurl cannot be initialised");
    while (url_.ends_with('/')) url_.pop_back();
  }
  void use_token(const std::string& token) { authorization_ = "Authorization: Bearer " + token; }

  std::string escaped(const std::string& text) const {
    const std::unique_ptr<char, void (*)(void*)> made(
        curl_easy_escape(curl_.get(), text.data(), static_cast<int>(text.size())), curl_free);
    return made.get();
  }

  // The reply's `data`. Throws usage_error for 400, and std::runtime_error for every other refusal.
  json::value ask(const std::string& path, const std::string& body = {}) {
    std::string reply;
    std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(nullptr, curl_slist_free_all);
    const auto add = [&](const std::string& line) {
      headers.reset(curl_slist_append(headers.release(), line.c_str()));
    };
    if (!authorization_.empty()) add(authorization_);
    if (!body.empty()) add("Content-Type: application/json");
    const auto target = url_ + path;
    auto* curl = curl_.get();
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, target.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, most_milliseconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    curl_easy_setopt(
        curl, CURLOPT_WRITEFUNCTION, +[](char* bytes, std::size_t, std::size_t count, void* to) -> std::size_t {
          auto& text = *static_cast<std::string*>(to);
          if (text.size() + count > most_bytes) return 0;
          text.append(bytes, count);
          return count;
        });
    if (!body.empty()) {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    }
    if (const auto error = curl_easy_perform(curl); error != CURLE_OK)
      throw std::runtime_error(fmt::format("cannot reach {}: {}", url_, curl_easy_strerror(error)));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return take(status, reply);
  }

 private:
  json::value take(long status, const std::string& reply) const {
    boost::system::error_code broken;
    const auto parsed = json::parse(reply, broken);
    const auto* object = broken ? nullptr : parsed.if_object();
    if (object == nullptr)
      throw std::runtime_error(fmt::format("{} answered {} and no JSON: is it a bookings-server?", url_, status));
    if (status == 200) return object->contains("data") ? object->at("data") : json::value();
    const auto* error = object->if_contains("error");
    const auto* told = error != nullptr && error->is_object() ? error->as_object().if_contains("message")
                                                              : object->if_contains("message");
    const auto why =
        told != nullptr && told->is_string() ? plain(std::string_view(told->as_string())) : std::to_string(status);
    if (status == 400) throw usage_error(why);
    throw std::runtime_error(fmt::format("{} refused: {}", url_, why));
  }

  std::string url_, authorization_;
  std::unique_ptr<CURL, void (*)(CURL*)> curl_;
};

std::string read_token(const std::string& path) {
  std::ifstream file;
  if (path != "-") file.open(path);
  auto& from = path == "-" ? std::cin : file;
  std::string token;
  if (!(from >> token)) throw usage_error("there is no token in " + path);
  return token;
}

void sign_in(server_link& to, const cache_question& wanted, const config& settings, const secrets& secret) {
  if (!wanted.token_file.empty()) return to.use_token(read_token(wanted.token_file));
  if (!settings.admin_email || !secret.admin_password)
    throw usage_error("who are you? Set ADMIN_EMAIL and ADMIN_PASSWORD, or give --token-file");
  const json::value body{{"email", *settings.admin_email}, {"password", *secret.admin_password}};
  to.use_token(std::string(to.ask("/api/auth/login", json::serialize(body)).at("token").as_string()));
}

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

int show_stats(server_link& from, const cache_question& wanted) {
  const bool redraws = wanted.is_watch && !wanted.is_json && isatty(STDOUT_FILENO) == 1;
  for (;;) {
    const auto stats = from.ask("/api/cache/stats");
    const auto text = wanted.is_json ? json::serialize(stats) + "\n" : stats_text(stats);
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

int show_keys(server_link& from, const cache_question& wanted) {
  if (!wanted.is_json) fmt::print("{:<11}{:<9}{:>8}{:>8}{:>10}  {}\n", "KIND", "STATE", "AGE", "TTL", "SIZE", "KEY");
  std::string cursor;
  do {
    const auto page = from.ask("/api/cache/keys?limit=1000&prefix=" + from.escaped(wanted.of) +
                               (cursor.empty() ? "" : "&cursor=" + from.escaped(cursor)));
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

int purge(server_link& at, const cache_question& wanted) {
  json::object body{{"prefix", wanted.of}};
  if (!wanted.user.empty()) body["userId"] = wanted.user;
  const auto data = at.ask("/api/cache/invalidate", json::serialize(body));
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
    server_link at(wanted.server.empty() ? fmt::format("http://{}:{}", settings.host, settings.port) : wanted.server);
    sign_in(at, wanted, settings, secret);
    if (wanted.what == cache_question::kind::keys) return show_keys(at, wanted);
    if (wanted.what == cache_question::kind::purge) return purge(at, wanted);
    return show_stats(at, wanted);
  } catch (const usage_error& error) {
    std::fprintf(stderr, "bookings-server: cache: %s\n", error.what());
    return wrong_usage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bookings-server: cache: %s\n", error.what());
    return failed;
  }
}

}  // namespace bookings
