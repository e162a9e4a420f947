// L1's containers under threads: what is found is whole and its key's own, and no generation outlives its erasure. Also
// what thread sanitizer runs.
#include "src/engine/local_entries.hpp"
#include "src/engine/local_generations.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace reprise::engine {
namespace {

constexpr int enough = 100;  // that readers have found: on a busy machine they may begin late

void run_together(const std::vector<std::function<void()>>& all) {
  std::vector<std::jthread> threads;
  for (const auto& each : all) threads.emplace_back(each);
}

TEST(engine_l1_stress, entries_found_under_readers_writers_and_erasers_are_whole) {
  constexpr std::size_t bound = 60'000;  // of some 100 keys, about a third
  local_entries l1(bound);
  std::atomic<int> found{0}, wrong{0}, over{0};
  std::atomic<bool> ended{false};
  const auto key_of = [](std::uint32_t i) { return "key" + std::to_string(i % 100); };

  const auto write = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < 10'000 || found < enough; ++i) {
      const auto key = key_of(random());
      const core::entry_header header{key, {}, {}, 200, "0123456789abcdef", "application/json"};
      auto bytes = core::encode_entry(header, key + std::string(random() % 2000, '.'));
      l1.put(key, make_local_entry(std::make_shared<const std::string>(std::move(*bytes))));
      over += l1.bytes() > bound ? 1 : 0;
    }
    ended = true;
  };
  const auto read = [&](unsigned seed) {
    std::mt19937 random(seed);
    while (!ended) {
      const auto key = key_of(random());
      const auto entry = l1.find(key);
      if (!entry) continue;
      ++found;
      wrong += entry->decoded.header.generation == key && entry->decoded.body.starts_with(key) ? 0 : 1;
    }
  };
  const auto erase = [&] {
    std::mt19937 random(9);
    for (int i = 0; !ended; ++i) {
      l1.erase(key_of(random()));
      if (i % 5000 == 0) l1.clear();
    }
  };
  run_together({[&] { write(1); }, [&] { write(2); }, [&] { read(3); }, [&] { read(4); }, erase});
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(over, 0);
  EXPECT_GE(found, enough);
}

// As the engine uses them: a write changes the server's value, erases, and only then is acknowledged; a read takes its ticket,
// asks the server, and stores.
TEST(engine_l1_stress, no_generation_that_is_found_is_older_than_the_last_erasure) {
  constexpr std::size_t keys = 4;
  constexpr int writes = 20'000;
  local_generations held(100);
  std::array<std::atomic<int>, keys> server{}, acknowledged{};
  std::atomic<int> found{0}, stale{0}, writers{2};
  const auto key_of = [](std::size_t i) { return "bookings:user:" + std::to_string(i) + ":gen"; };

  const auto write = [&](std::size_t first) {
    for (int i = 1; i <= writes || found < enough; ++i)
      for (std::size_t k = first; k < keys; k += 2) {  // one writer a key
        server[k] = i;
        held.erase(key_of(k));
        acknowledged[k] = i;
      }
    --writers;
  };
  const auto read = [&](unsigned seed) {
    std::mt19937 random(seed);
    while (writers > 0) {
      const auto k = random() % keys;
      const auto key = key_of(k);
      const int due = acknowledged[k];
      if (const auto token = held.find(key)) {
        ++found;
        stale += std::stoi(*token) < due ? 1 : 0;
      } else {
        const auto ticket = held.begin(key);
        const auto answer = std::to_string(server[k].load());
        if (random() % 4 == 0) std::this_thread::yield();
        held.put(key, answer, ticket);
      }
    }
  };
  run_together({[&] { write(0); }, [&] { write(1); }, [&] { read(3); }, [&] { read(4); }});
  EXPECT_EQ(stale, 0);
  EXPECT_GE(found, enough);
}

}  // namespace
}  // namespace reprise::engine
