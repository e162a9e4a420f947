// bookings_jobs_total{queue,result}: what came of the jobs that this process did.
#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace bookings {

enum class job_result { completed, delayed, failed };

// Thread-safe.
class job_counts final : public prometheus::Collectable {
 public:
  explicit job_counts(std::string queue) : queue_(std::move(queue)) {}
  void add(job_result what) noexcept {
    counts_[static_cast<std::size_t>(what)].fetch_add(1, std::memory_order_relaxed);
  }
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string queue_;
  std::array<std::atomic<std::uint64_t>, 3> counts_{};
};

}  // namespace bookings
