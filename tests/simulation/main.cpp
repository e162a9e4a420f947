// The simulation: many schedules of the engine that ships, none of which may show a stale read; and each rule of the
// protocol taken away once, which must show one. Everything follows from the seeds that it prints.
//
//   simulation                          schedules and variants, a report, exit status 1 where anything is wrong
//   simulation --story SEED [--variant NAME]   one schedule, told event by event
#include "tests/simulation/variants.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

namespace {

using namespace reprise::simulation;

struct wanted_run {
  std::uint64_t schedules = 200'000, first = 1;
  std::uint64_t most_of_a_variant = 200'000;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  std::string variant;
  std::uint64_t story = 0;
  double seconds = 0;  // stop after this long; 0: when all schedules are done
  bool variants_only = false;
};

struct outcome {
  report all;
  std::uint64_t schedules = 0;
  std::uint64_t stale_seed = 0;  // the smallest that was found; 0: none
};

// Runs seeds from `first` on, on several threads, until `most` are done or, where `until_stale`, one is stale.
outcome run_many(const wanted_run& wanted, const rule_set& rules, std::uint64_t most, bool until_stale, bool shows_progress) {
  outcome found;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{wanted.first};
  std::atomic<bool> stop{false};
  const auto began = std::chrono::steady_clock::now();
  const auto work = [&] {
    report mine;
    std::uint64_t count = 0;
    while (!stop) {
      const auto seed = next++;
      if (seed >= wanted.first + most) break;
      const auto one = run_schedule({.seed = seed}, rules);
      mine.add(one);
      ++count;
      if (one.stale > 0) {
        const std::lock_guard lock(mutex);
        if (found.stale_seed == 0 || seed < found.stale_seed) found.stale_seed = seed;
        if (until_stale) stop = true;
      }
      if (wanted.seconds > 0 && std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() > wanted.seconds)
        stop = true;
    }
    const std::lock_guard lock(mutex);
    found.all.add(mine);
    found.schedules += count;
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < wanted.threads; ++i) threads.emplace_back(work);
  if (shows_progress && isatty(STDERR_FILENO) == 1) {
    while (!stop && next < wanted.first + most) {
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      std::fprintf(stderr, "\r%5.1f %% of %llu schedules", 100.0 * static_cast<double>(next - wanted.first) / static_cast<double>(most),
                   static_cast<unsigned long long>(most));
    }
    std::fprintf(stderr, "\r%40s\r", "");
  }
  threads.clear();
  return found;
}

rule_set rules_of(const std::string& name) {
  rule_set rules;
  if (name.empty()) return rules;
  for (const auto& each : variants())
    if (each.name == name) {
      each.weaken(rules);
      return rules;
    }
  throw std::runtime_error("there is no variant \"" + name + "\"");
}

// The same schedule with fewer kinds of fault and less time, as long as it still goes wrong.
wanted_schedule make_smaller(std::uint64_t seed, const rule_set& rules) {
  wanted_schedule small{.seed = seed};
  const auto is_stale = [&](const wanted_schedule& candidate) { return run_schedule(candidate, rules).stale > 0; };
  for (unsigned i = 0; i < static_cast<unsigned>(fault::count); ++i) {
    auto candidate = small;
    candidate.without_faults |= 1u << i;
    if (is_stale(candidate)) small = candidate;
  }
  for (auto step = small.length / 2; step >= milliseconds(10); step /= 2) {
    auto candidate = small;
    candidate.length -= step;
    if (candidate.length > milliseconds(20) && is_stale(candidate)) small = candidate;
  }
  return small;
}

void tell(std::uint64_t seed, const rule_set& rules, bool smaller) {
  auto wanted = smaller ? make_smaller(seed, rules) : wanted_schedule{.seed = seed};
  wanted.tell_story = true;
  const auto told = run_schedule(wanted, rules);
  fmt::print("the story of seed {}, {} ms long:\n", seed, wanted.length.count());
  for (const auto& line : told.story) {
    fmt::print("  {}\n", line);
    if (line.find("STALE") != std::string::npos && smaller) break;
  }
  fmt::print("{} stale reads\n", told.stale);
}

int run(const wanted_run& wanted) {
  if (wanted.story != 0) {
    const auto rules = rules_of(wanted.variant);
    tell(wanted.story, rules, run_schedule({.seed = wanted.story}, rules).stale > 0);
    return 0;
  }
  int passed = 0, failed = 0;
  if (!wanted.variants_only && wanted.variant.empty()) {
    const rule_set rules;
    const auto began = std::chrono::steady_clock::now();
    const auto all = run_many(wanted, rules, wanted.schedules, false, true);
    fmt::print("{} schedules from seed {} in {:.0f} s: {} faults, {} reads checked ({} hits), {} writes ({} acknowledged), stale reads: {}\n",
               all.schedules, wanted.first, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(),
               all.all.faults, all.all.reads, all.all.hits, all.all.writes, all.all.acknowledged, all.all.stale);
    if (all.all.stale > 0) tell(all.stale_seed, rules, true);
    // A run in which nothing hits, or nothing is written, proves nothing.
    (all.all.stale == 0 && all.all.hits > all.all.reads / 10 && all.all.acknowledged > all.all.writes / 2) ? ++passed : ++failed;
  }
  for (const auto& each : variants()) {
    if (!wanted.variant.empty() && wanted.variant != each.name) continue;
    rule_set rules;
    each.weaken(rules);
    const auto found = run_many(wanted, rules, wanted.most_of_a_variant, true, true);
    if (found.stale_seed != 0)
      fmt::print("without {}: caught after {} schedules (seed {})\n", each.without, found.schedules, found.stale_seed);
    else
      fmt::print("without {}: NOT caught in {} schedules\n", each.without, found.schedules);
    std::fflush(stdout);
    found.stale_seed != 0 ? ++passed : ++failed;
  }
  fmt::print("simulation: {} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  wanted_run wanted;
  CLI::App app("Runs the engine that ships under simulated faults, and looks for a stale read.");
  app.add_option("--schedules", wanted.schedules, "how many")->capture_default_str();
  app.add_option("--first", wanted.first, "the first seed")->capture_default_str();
  app.add_option("--seconds", wanted.seconds, "stop after this long, with all schedules or each variant");
  app.add_option("--most-of-a-variant", wanted.most_of_a_variant, "schedules after which a variant counts as not caught")
      ->capture_default_str();
  app.add_option("--threads", wanted.threads, "threads")->capture_default_str();
  app.add_option("--variant", wanted.variant, "only this variant");
  app.add_flag("--variants-only", wanted.variants_only, "leave the whole design out");
  app.add_option("--story", wanted.story, "tell one schedule, by its seed");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(wanted);
  } catch (const std::exception& error) {
    fmt::print(stderr, "simulation: {}\n", error.what());
    return 2;
  }
}
