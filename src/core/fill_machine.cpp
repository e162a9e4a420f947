#include "src/core/fill_machine.hpp"

#include <algorithm>

namespace reprise::core {

using action = fill_machine::action;

action fill_machine::on_begun_locked() noexcept {
  locked_ = true;
  return action::read_origin;
}

action fill_machine::on_begun_unlocked() noexcept { return waited_ < budget_ ? action::wait : action::read_origin; }

action fill_machine::on_no_answer() noexcept {
  alone_ = true;
  return action::read_origin;
}

action fill_machine::on_waited() noexcept {
  waited_ += pause();
  pause_ = std::min<duration>(pause_ * 2, std::chrono::milliseconds(50));
  return action::begin;
}

action fill_machine::on_origin(bool storable) const noexcept {
  if (alone_) return action::answer_origin;
  // Without the lock a commit is as safe as with it: the generation decides.
  if (storable) return action::commit;
  return locked_ ? action::release : action::answer_origin;
}

fill_machine::duration fill_machine::pause() const noexcept { return std::min(pause_, budget_ - waited_); }

}  // namespace reprise::core
