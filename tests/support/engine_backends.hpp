// The backends that contract and engine tests run over, and the keys and entries that they store in them.
#pragma once

#include "reprise/backends.hpp"
#include "reprise/key.hpp"
#include "src/core/entry_format.hpp"
#include "tests/support/engine_threads.hpp"
#include "tests/support/redis_cluster.hpp"
#include "tests/support/redis_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

namespace reprise::testing {

enum class backend_kind { memory, redis, cluster };

inline std::string name_of(backend_kind kind) {
  return kind == backend_kind::memory ? "memory" : kind == backend_kind::redis ? "redis" : "cluster";
}
inline void PrintTo(backend_kind kind, std::ostream* to) { *to << name_of(kind); }
inline std::string kind_name(const ::testing::TestParamInfo<backend_kind>& each) { return name_of(each.param); }

// Long enough for any machine: a call that reaches it is a failed test.
inline constexpr std::chrono::seconds limit{20};

// I/O threads and, for Redis, a server.
struct backend_home {
  backend_home(backend_kind which, std::size_t thread_count) : kind(which), threads(thread_count) {
    if (kind == backend_kind::redis) server.emplace();
  }
  std::shared_ptr<backend> make() { return make(threads); }
  // On threads of its own, as another process would be.
  std::shared_ptr<backend> make(const io_threads& on) {
    if (kind == backend_kind::memory) return make_memory_backend({}, world);
    if (kind == backend_kind::cluster) return make_redis_backend(redis_cluster::shared().options(), on.executors());
    return make_redis_backend({.port = server->port()}, on.executors());
  }

  const backend_kind kind;
  const std::shared_ptr<environment> world = make_environment();
  std::optional<redis_server> server;
  io_threads threads;  // joined before anything above goes
};

// The keys of one user's entry, and requests about it.
struct thing {
  thing(std::string_view prefix, std::string_view user, std::string_view query = "{}", key_style how = key_style::plain)
      : where(*scope::of_user(prefix, user)), style(how), generation_key(where.generation_key(style)),
        index_key(where.index_key(style)), entry_key(*where.entry_key("student", query, style)),
        lock_key(reprise::lock_key(entry_key)) {}
  thing with_query(std::string_view query) const {
    auto other = *this;
    other.entry_key = *where.entry_key("student", query, style);
    other.lock_key = reprise::lock_key(other.entry_key);
    return other;
  }
  backend::begin_request begin(std::string token, std::string random, std::string stamp) const {
    return {.generation_key = generation_key, .entry_key = entry_key, .lock_key = lock_key, .stamp = std::move(stamp),
            .random = std::move(random), .lock_token = std::move(token), .generation_ttl = std::chrono::minutes(2),
            .lock_ttl = std::chrono::minutes(1)};
  }
  backend::commit_request commit(std::string captured, std::string lock, std::string_view body,
                                 std::chrono::milliseconds ttl = std::chrono::minutes(1),
                                 std::size_t largest_scope = 256) const {
    const auto created = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto entry = core::encode_entry({captured, created, created + ttl, 200, "0123456789abcdef", "application/json"}, body);
    return {.generation_key = generation_key, .entry_key = entry_key, .lock_key = lock_key, .index_key = index_key,
            .captured = std::move(captured), .lock = std::move(lock), .entry = entry.value(), .ttl = ttl,
            .largest_scope = largest_scope};
  }

  scope where;
  key_style style;
  std::string generation_key, index_key, entry_key, lock_key;
};

// What a lookup finds. REQUIRES: both outlive the call.
struct found {
  std::optional<std::string> generation, entry;
};
inline asio::awaitable<result<found>> read_both(backend& where, const thing& what, deadline within = limit) {
  backend::slot slots[] = {{what.generation_key}, {what.entry_key}};
  const auto done = co_await where.read(slots, within);
  if (!done) co_return done.error();
  const auto text = [](const backend::slot& from) {
    return from.found ? std::optional(std::string(from.found->text)) : std::nullopt;
  };
  co_return found{text(slots[0]), text(slots[1])};
}

}  // namespace reprise::testing
