#include "server/payments/payment_watch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bookings {

namespace asio = boost::asio;

// All but the executor is used on the executor alone.
struct payment_watch::place::state : std::enable_shared_from_this<state> {
  explicit state(const asio::any_io_executor& executor) : timer(executor) {}

  // From any thread.
  void wake() {
    asio::post(timer.get_executor(), [self = shared_from_this()] {
      self->is_told = true;
      self->timer.cancel();
    });
  }

  asio::steady_timer timer;
  bool is_told = false;
};

payment_watch::place::place(payment_watch& owner, const bookings::id& payment_id, const asio::any_io_executor& executor)
    : owner_(owner), payment_id_(payment_id) {
  const std::scoped_lock lock(owner_.mutex_);
  if (owner_.is_closed_ || owner_.places_.size() >= most_places) return;
  state_ = std::make_shared<state>(executor);
  owner_.places_.emplace(payment_id_, state_);
}

payment_watch::place::~place() {
  const std::scoped_lock lock(owner_.mutex_);
  const auto [first, last] = owner_.places_.equal_range(payment_id_);
  for (auto at = first; at != last; ++at) {
    if (at->second != state_) continue;
    owner_.places_.erase(at);
    return;
  }
}

asio::awaitable<void> payment_watch::place::wait(std::chrono::steady_clock::time_point deadline) {
  if (!state_) co_return;
  if (!state_->is_told && !owner_.is_closed()) {
    state_->timer.expires_at(deadline);
    boost::system::error_code woken;
    co_await state_->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  state_->is_told = false;
}

void payment_watch::tell(const bookings::id& payment_id) {
  const std::scoped_lock lock(mutex_);
  const auto [first, last] = places_.equal_range(payment_id);
  for (auto at = first; at != last; ++at) at->second->wake();
}

void payment_watch::tell_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& each : places_) each.second->wake();
}

void payment_watch::close() {
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
  }
  tell_all();
}

bool payment_watch::is_closed() const {
  const std::scoped_lock lock(mutex_);
  return is_closed_;
}

}  // namespace bookings
