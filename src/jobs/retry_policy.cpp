#include "src/jobs/retry_policy.hpp"

#include <algorithm>
#include <cmath>

namespace reprise::jobs {

milliseconds pause_after(const backoff& how, std::uint32_t n, double random) noexcept {
  constexpr double longest = 1000.0 * 60 * 60 * 24 * 365;  // a year: beyond that it is a mistake
  auto pause = static_cast<double>(how.delay.count());
  if (how.type == backoff::kind::exponential && n > 1) pause *= std::pow(2.0, std::min(n - 1, 60u));
  pause = std::min(pause, longest);
  pause *= 1 - how.jitter * random;
  return milliseconds(static_cast<std::int64_t>(pause));
}

std::optional<milliseconds> next_attempt(const job& failed, outcome::kind what, double random) noexcept {
  const auto made = failed.attempts_made + 1;
  if (what == outcome::kind::unrecoverable || made >= failed.options.attempts) return std::nullopt;
  if (!failed.options.backoff) return milliseconds(0);
  return pause_after(*failed.options.backoff, made, random);
}

}  // namespace reprise::jobs
