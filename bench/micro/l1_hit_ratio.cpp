// Which eviction keeps the most hits in L1: S3-FIFO as it ships, against LRU and SIEVE (Zhang et al., "SIEVE is simpler
// than LRU", NSDI 2024), on the same trace, with the same bytes and the same overhead for each entry.
//
//   build/release/l1_hit_ratio     the same table on every machine: seed, distribution and sizes are fixed
//
// The trace: 100,000 keys, Zipf with exponent 0.9 (what web caches see; Breslau et al., INFOCOM 1999), bodies of 0.2 to
// 20 KB; after every 100,000 requests a crawler asks once for each of 20,000 things that nobody else ever asks for.
#include "src/engine/local_entries.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <list>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using namespace reprise;

constexpr std::size_t keys = 100'000;
constexpr std::size_t requests_between_scans = 100'000;
constexpr std::size_t rounds = 20;

struct asked {
  std::uint32_t key;
  bool is_scan;
};

std::vector<asked> make_trace(double exponent, std::size_t scanned, int times) {
  std::vector<double> cumulative(keys);
  double sum = 0;
  for (std::size_t i = 0; i < keys; ++i) cumulative[i] = sum += 1 / std::pow(static_cast<double>(i + 1), exponent);
  std::mt19937_64 random(1);
  std::vector<asked> trace;
  auto fresh = static_cast<std::uint32_t>(keys);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < requests_between_scans; ++i) {
      const auto at = static_cast<double>(random() >> 11) * 0x1p-53 * sum;
      const auto rank = std::lower_bound(cumulative.begin(), cumulative.end(), at) - cumulative.begin();
      trace.push_back({static_cast<std::uint32_t>(rank), false});
    }
    for (std::size_t i = 0; i < scanned; ++i, ++fresh)
      for (int k = 0; k < times; ++k) trace.push_back({fresh, true});
  }
  return trace;
}

// The same size each time that a key is asked for: log-uniform.
std::size_t body_bytes(std::uint32_t key) {
  std::mt19937 random(key);
  return static_cast<std::size_t>(200 * std::pow(100.0, (random() % 10'000) / 10'000.0));
}

// True for a hit; a miss is put.
using cache = std::function<bool(std::uint32_t key, std::size_t cost)>;

cache s3_fifo_of(std::size_t largest) {
  auto entries = std::make_shared<engine::s3_fifo<int>>(largest);
  return [entries, value = std::make_shared<const int>(0)](std::uint32_t key, std::size_t cost) {
    const auto name = std::to_string(key);
    if (entries->find(name)) return true;
    entries->put(name, value, cost);
    return false;
  };
}

cache lru_of(std::size_t largest) {
  struct state {
    std::list<std::pair<std::uint32_t, std::size_t>> order;
    std::unordered_map<std::uint32_t, decltype(order)::iterator> at;
    std::size_t cost = 0;
  };
  return [all = std::make_shared<state>(), largest](std::uint32_t key, std::size_t cost) {
    if (const auto held = all->at.find(key); held != all->at.end()) {
      all->order.splice(all->order.begin(), all->order, held->second);
      return true;
    }
    for (; all->cost + cost > largest; all->order.pop_back()) {
      all->cost -= all->order.back().second;
      all->at.erase(all->order.back().first);
    }
    all->order.emplace_front(key, cost);
    all->at[key] = all->order.begin();
    all->cost += cost;
    return false;
  };
}

cache sieve_of(std::size_t largest) {
  struct node {
    std::uint32_t key;
    std::size_t cost;
    bool visited = false;
  };
  struct state {
    std::list<node> order;  // newest first
    std::unordered_map<std::uint32_t, std::list<node>::iterator> at;
    std::list<node>::iterator hand = order.end();
    std::size_t cost = 0;
  };
  return [all = std::make_shared<state>(), largest](std::uint32_t key, std::size_t cost) {
    if (const auto held = all->at.find(key); held != all->at.end()) {
      held->second->visited = true;
      return true;
    }
    while (all->cost + cost > largest) {
      auto hand = all->hand == all->order.end() ? std::prev(all->order.end()) : all->hand;
      while (hand->visited) {
        hand->visited = false;
        hand = hand == all->order.begin() ? std::prev(all->order.end()) : std::prev(hand);
      }
      all->hand = hand == all->order.begin() ? all->order.end() : std::prev(hand);
      all->cost -= hand->cost;
      all->at.erase(hand->key);
      all->order.erase(hand);
    }
    all->order.push_front({key, cost});
    all->at[key] = all->order.begin();
    all->cost += cost;
    return false;
  };
}

// Of the requests that are no scan's.
double hit_ratio(const cache& ask, const std::vector<asked>& trace, const std::vector<std::size_t>& costs) {
  std::size_t hits = 0, all = 0;
  for (const auto& each : trace) {
    const bool hit = ask(each.key, costs[each.key]);
    if (each.is_scan) continue;
    ++all;
    hits += hit ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(all);
}

void table(const char* title, double exponent, std::size_t scanned, int times = 1) {
  const auto trace = make_trace(exponent, scanned, times);
  std::vector<std::size_t> costs(keys + rounds * scanned);
  std::size_t all = 0;
  for (std::uint32_t key = 0; key < costs.size(); ++key) {
    costs[key] = body_bytes(key) + engine::local_entries::overhead_bytes;
    if (key < keys) all += costs[key];
  }
  std::printf("\n%s\n\n| L1, of all %zu MB | LRU | SIEVE | S3-FIFO |\n|---|---|---|---|\n", title, all >> 20);
  for (const double part : {0.005, 0.01, 0.02, 0.05, 0.1, 0.25}) {
    const auto largest = static_cast<std::size_t>(part * static_cast<double>(all));
    std::printf("| %.1f %% |", part * 100);
    for (const auto& make : {lru_of, sieve_of, s3_fifo_of}) {
      std::printf(" %.1f %% |", 100 * hit_ratio(make(largest), trace, costs));
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

}  // namespace

int main() {
  table("Zipf 0.9, scans", 0.9, 20'000);
  table("Zipf 0.9, scans in which each thing is asked for twice in a row", 0.9, 20'000, 2);
  table("Zipf 0.9, no scans", 0.9, 0);
}
