// What becomes of a job whose attempt has failed. Pure: the same every time, given the same random number.
#pragma once

#include "reprise/jobs/job.hpp"
#include "reprise/jobs/worker.hpp"

#include <optional>

namespace reprise::jobs {

// How long until the attempt after the n-th (n ≥ 1); zero: at once. `random` in [0,1).
milliseconds pause_after(const backoff& how, std::uint32_t n, double random) noexcept;

// How long until the next attempt, or nothing where there is none: the failure is final.
std::optional<milliseconds> next_attempt(const job& failed, outcome::kind what, double random) noexcept;

}  // namespace reprise::jobs
