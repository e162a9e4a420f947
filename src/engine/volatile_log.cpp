#include "reprise/invalidation_log.hpp"

#include <mutex>

namespace reprise {
namespace {

// Remembers nothing but epochs, and those for as long as the process lives.
class volatile_log final : public invalidation_log {
 public:
  awaitable<std::string> claim(std::string) override { co_return std::string("volatile"); }
  awaitable<std::vector<row>> pending(std::string, std::chrono::milliseconds, std::size_t) override {
    co_return std::vector<row>();
  }
  awaitable<void> acknowledge(std::string, std::vector<std::int64_t>) override { co_return result<void>(); }
  awaitable<std::map<std::string, std::int64_t>> epochs() override {
    const std::lock_guard lock(mutex_);
    co_return epochs_;
  }
  awaitable<std::int64_t> bump_epoch(std::string prefix) override {
    const std::lock_guard lock(mutex_);
    co_return ++epochs_[prefix];
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::int64_t> epochs_;
};

}  // namespace

std::shared_ptr<invalidation_log> make_volatile_log() { return std::make_shared<volatile_log>(); }

}  // namespace reprise
