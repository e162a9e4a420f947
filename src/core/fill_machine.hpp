// What one fill does next: a state machine without I/O or clock. The engine carries out each action and reports what came
// of it; every path ends in `answer_entry` or `answer_origin`.
//
//            ┌────────────── waited ◄─────────────┐
//   start ─► begin ─► entry is there ──────────────────────────► answer_entry
//              ├────► lock taken ───► read_origin ─► commit ───► answer_origin
//              ├────► lock is another's ─► wait ──┘ (budget over: read_origin, without the lock)
//              └────► no answer ────► read_origin ─────────────► answer_origin
#pragma once

#include <chrono>

namespace reprise::core {

class fill_machine {
 public:
  using duration = std::chrono::steady_clock::duration;

  enum class action {
    begin,          // ask for generation and lock; report on_begun_… or on_no_answer
    wait,           // for pause(); report on_waited
    read_origin,    // report on_origin
    commit,         // store the reply under the captured generation; report on_committed
    release,        // drop the lock, nothing is to be stored; report on_released
    answer_entry,   // end: with the entry that begin found
    answer_origin,  // end: with the origin's reply
  };

  // `budget`: how long to wait for the holder of the lock, all pauses together.
  explicit fill_machine(duration budget) noexcept : budget_(budget) {}

  action start() const noexcept { return action::begin; }
  action on_begun_entry() const noexcept { return action::answer_entry; }
  action on_begun_locked() noexcept;
  action on_begun_unlocked() noexcept;
  // The backend did not answer, or is not to be used any more: from here on it is left alone.
  action on_no_answer() noexcept;
  action on_waited() noexcept;
  // `storable`: a reply that the policy stores.
  action on_origin(bool storable) const noexcept;
  action on_committed() const noexcept { return action::answer_origin; }
  action on_released() const noexcept { return action::answer_origin; }

  // How long the next wait is. Grows from 2 ms to 50 ms, and never beyond the budget.
  duration pause() const noexcept;
  bool holds_lock() const noexcept { return locked_; }
  // Has the whole fill gone without the backend? Then its reply is a bypass, not a miss.
  bool went_alone() const noexcept { return alone_; }

 private:
  duration budget_;
  duration waited_{0};
  duration pause_ = std::chrono::milliseconds(2);
  bool locked_ = false;
  bool alone_ = false;
};

}  // namespace reprise::core
