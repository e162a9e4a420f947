// What a find in L1 costs, alone and with a second thread: the map that ships, and what else it could stand on, shards of
// an unordered map under a shared mutex each.
//
//   build/release/l1_find
//
// `hot`: all threads ask for one key, as for the list that everybody sees. `many`: 10,000 keys, equally.
#include "src/engine/local_entries.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using namespace reprise::engine;

std::shared_ptr<const local_entry> make_entry() {
  const reprise::core::entry_header header{"stamp.0.abc", {}, {}, 200, "0123456789abcdef", "application/json"};
  return make_local_entry(std::make_shared<const std::string>(*reprise::core::encode_entry(header, std::string(2048, 'x'))));
}

const std::vector<std::string>& keys() {
  static const auto all = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 10'000; ++i)
      made.push_back("bookings:user:" + std::to_string(100'000 + i) + R"(:role:student:query:{"status":"accepted"})");
    return made;
  }();
  return all;
}

class shards_under_shared_mutexes {
 public:
  std::shared_ptr<const local_entry> find(std::string_view key) const {
    const auto hash = hash_(key);
    auto& here = shards_[hash % shards_.size()];
    const std::shared_lock lock(here.mutex);
    const auto at = here.entries.find(key);
    return at != here.entries.end() ? at->second : nullptr;
  }
  void put(std::string_view key, std::shared_ptr<const local_entry> entry) {
    auto& here = shards_[hash_(key) % shards_.size()];
    const std::unique_lock lock(here.mutex);
    here.entries.insert_or_assign(std::string(key), std::move(entry));
  }

 private:
  struct alignas(64) shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string, std::shared_ptr<const local_entry>, keyed_hash, std::equal_to<>> entries;
  };
  const keyed_hash hash_;
  std::array<shard, 64> shards_;
};

template <class Map>
Map& filled() {
  static Map map = [] {
    if constexpr (std::is_constructible_v<Map, std::size_t>)
      return Map(std::size_t{256} << 20);
    else
      return Map();
  }();
  static const bool once = [] {
    for (const auto& key : keys()) map.put(key, make_entry());
    return true;
  }();
  (void)once;
  return map;
}

template <class Map>
void hot(benchmark::State& state) {
  auto& map = filled<Map>();
  const auto& key = keys().front();
  for (auto _ : state) benchmark::DoNotOptimize(map.find(key));
}

template <class Map>
void many(benchmark::State& state) {
  auto& map = filled<Map>();
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 5000;
  for (auto _ : state) benchmark::DoNotOptimize(map.find(keys()[(at += 7919) % keys().size()]));
}

void hash_alone(benchmark::State& state) {
  const keyed_hash hash;
  for (auto _ : state) benchmark::DoNotOptimize(hash(keys().front()));
}

// Every put evicts: twenty times as many keys as there is room for.
void put_and_evict(benchmark::State& state) {
  static local_entries map(std::size_t{1} << 20);
  static const auto entry = make_entry();
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 5000;
  for (auto _ : state) map.put(keys()[(at += 7919) % keys().size()], entry);
}

BENCHMARK(hash_alone);
BENCHMARK(hot<local_entries>)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(hot<shards_under_shared_mutexes>)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(many<local_entries>)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(many<shards_under_shared_mutexes>)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(put_and_evict)->ThreadRange(1, 2)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
