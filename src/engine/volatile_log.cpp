#include "src/engine/log_tables.hpp"

#include <mutex>

namespace reprise {
namespace {

class volatile_log final : public invalidation_log {
 public:
  awaitable<std::string> claim(std::string identity) override {
    const std::lock_guard lock(mutex_);
    co_return tables_.claim(identity, world_->now());
  }
  awaitable<std::vector<row_number>> append(std::vector<scope> scopes) override {
    const std::lock_guard lock(mutex_);
    co_return std::vector<row_number>(1, tables_.add(std::move(scopes), world_->now()));
  }
  awaitable<pass> read_pass(const pass_request& wanted) override {
    const std::lock_guard lock(mutex_);
    co_return tables_.read_pass(wanted, world_->now());
  }
  awaitable<void> acknowledge(std::string identity, std::vector<row_number> numbers) override {
    const std::lock_guard lock(mutex_);
    tables_.acknowledge(identity, numbers, world_->now());
    co_return result<void>();
  }
  awaitable<void> await_rows(std::vector<row_number> numbers) override {
    const std::lock_guard lock(mutex_);
    tables_.await_rows(numbers);
    co_return result<void>();
  }
  awaitable<std::int64_t> bump_epoch(std::string prefix) override {
    const std::lock_guard lock(mutex_);
    co_return tables_.bump_epoch(prefix);
  }
  awaitable<bool> put_lease(const lease& wanted) override {
    const std::lock_guard lock(mutex_);
    co_return tables_.put_lease(wanted);
  }
  awaitable<observation> observe(std::vector<row_number> numbers) override {
    const std::lock_guard lock(mutex_);
    co_return tables_.observe(numbers);
  }

 private:
  std::shared_ptr<environment> world_ = make_environment();
  std::mutex mutex_;
  // The nonces of all processes with such a log are the same, so that they can share entries.
  engine::log_tables tables_{"volatile"};
};

}  // namespace

std::shared_ptr<invalidation_log> make_volatile_log() { return std::make_shared<volatile_log>(); }

}  // namespace reprise
