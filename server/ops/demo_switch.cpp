#include "server/ops/demo_switch.hpp"

#include <atomic>

namespace bookings::ops {
namespace {

using reprise::deadline;

class switched final : public reprise::backend, public demo_switch {
 public:
  explicit switched(std::shared_ptr<backend> inner) : inner_(std::move(inner)) {}

  void turn(bool on) override {
    if (is_on_.exchange(on) == on || on) return;
    inner_->close();
    if (lost_) lost_("switched off for a demonstration");
  }
  bool is_on() const noexcept override { return is_on_; }

  awaitable<std::string> open() override {
    if (!is_on_) co_return reprise::errc::unavailable;
    auto identity = co_await inner_->open();
    if (!is_on_) {  // switched off meanwhile
      inner_->close();
      co_return reprise::errc::unavailable;
    }
    co_return identity;
  }
  awaitable<std::string> check() override { return inner_->check(); }
  void close() noexcept override { inner_->close(); }
  void on_lost(std::function<void(const std::string&)> handler) override {
    lost_ = handler;
    inner_->on_lost(std::move(handler));
  }
  void on_changed(std::function<void(std::string_view)> handler) override { inner_->on_changed(std::move(handler)); }
  std::string address() const override { return inner_->address(); }
  reprise::key_style keys() const noexcept override { return inner_->keys(); }

  awaitable<void> read(std::span<slot> slots, deadline limit) override { return inner_->read(slots, limit); }
  awaitable<begun> begin(const begin_request& request, deadline limit) override {
    return inner_->begin(request, limit);
  }
  awaitable<commit_outcome> commit(const commit_request& request, deadline limit) override {
    return inner_->commit(request, limit);
  }
  awaitable<void> release(std::string lock_key, std::string lock, deadline limit) override {
    return inner_->release(std::move(lock_key), std::move(lock), limit);
  }
  awaitable<void> invalidate(std::vector<std::string> generation_keys, deadline limit) override {
    return inner_->invalidate(std::move(generation_keys), limit);
  }
  awaitable<std::size_t> tidy(std::string generation_key, std::string index_key, deadline limit) override {
    return inner_->tidy(std::move(generation_key), std::move(index_key), limit);
  }
  awaitable<std::optional<std::string>> get(std::string key, deadline limit) override {
    return inner_->get(std::move(key), limit);
  }
  awaitable<void> set(std::string key, std::string value, std::chrono::milliseconds ttl, deadline limit) override {
    return inner_->set(std::move(key), std::move(value), ttl, limit);
  }
  awaitable<bool> del(std::string key, deadline limit) override { return inner_->del(std::move(key), limit); }
  awaitable<std::chrono::microseconds> take(std::string key, const reprise::rate& limit, deadline within) override {
    return inner_->take(std::move(key), limit, within);
  }
  awaitable<std::size_t> del_pattern(std::string pattern, deadline limit) override {
    return inner_->del_pattern(std::move(pattern), limit);
  }
  awaitable<key_page> scan(std::string cursor, std::string pattern, std::size_t count, deadline limit) override {
    return inner_->scan(std::move(cursor), std::move(pattern), count, limit);
  }

 private:
  const std::shared_ptr<backend> inner_;
  std::atomic<bool> is_on_{true};
  std::function<void(const std::string&)> lost_;  // set before open(), and so before anybody can turn it off
};

}  // namespace

switched_backend make_switched_backend(std::shared_ptr<reprise::backend> inner) {
  auto made = std::make_shared<switched>(std::move(inner));
  return {made, made};
}

}  // namespace bookings::ops
