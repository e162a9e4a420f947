// A limit on how often something may be done: the generic cell rate algorithm (GCRA; ITU-T Recommendation I.371, in its
// form "virtual scheduling"). Up to `most` at once, and one more after each `interval`. It keeps one number, and knows
// to the microsecond when the next is free (docs/decisions.md, "The edge").
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace reprise {

// REQUIRES: most > 0 and interval > 0.
struct rate {
  std::int64_t most = 1;  // at once
  std::chrono::microseconds interval{1'000'000};  // until one more is free
};

// The one number that is kept is the time at which the whole limit will be free again, on any clock: `free_at`; absent
// or past means that it is. Takes one at `now`: returns zero and moves `free_at`, or returns how long until one is free
// and changes nothing.
inline std::chrono::microseconds take_one(const rate& limit, std::chrono::microseconds& free_at,
                                          std::chrono::microseconds now) noexcept {
  // No further ahead than the limit can put it: a clock that was set back must lock nobody out.
  const auto at = std::clamp(free_at, now, now + limit.most * limit.interval);
  const auto wait = at - now - (limit.most - 1) * limit.interval;
  if (wait.count() > 0) return wait;
  free_at = at + limit.interval;
  return std::chrono::microseconds{0};
}

}  // namespace reprise
