#include "src/core/breaker.hpp"

namespace reprise::core {

bool breaker::allows(time now) noexcept {
  if (state_ == state::closed) return true;
  if (now < until_) return false;
  // One probe; where nothing is ever heard of it, the next one may go a pause later.
  state_ = state::half_open;
  until_ = now + pauses_.longest();
  return true;
}

void breaker::on_success() noexcept {
  state_ = state::closed;
  failures_ = 0;
  pauses_.reset();
}

void breaker::on_failure(time now, double random) noexcept {
  if (state_ == state::open) return;  // a call from before it opened
  if (state_ == state::closed && ++failures_ < threshold_) return;
  state_ = state::open;
  until_ = now + pauses_.next(random);
}

}  // namespace reprise::core
