#include "src/core/breaker.hpp"
#include "src/core/fill_machine.hpp"

#include <gtest/gtest.h>

namespace reprise::core {
namespace {

using namespace std::chrono_literals;
using action = fill_machine::action;

TEST(fill_machine, lock_taken_reads_commits_and_answers) {
  fill_machine machine(100ms);
  EXPECT_EQ(machine.start(), action::begin);
  EXPECT_EQ(machine.on_begun_locked(), action::read_origin);
  EXPECT_EQ(machine.on_origin(true), action::commit);
  EXPECT_EQ(machine.on_committed(), action::answer_origin);
  EXPECT_FALSE(machine.went_alone());
}

TEST(fill_machine, unstorable_reply_releases_the_lock) {
  fill_machine machine(100ms);
  machine.on_begun_locked();
  EXPECT_EQ(machine.on_origin(false), action::release);
  EXPECT_EQ(machine.on_released(), action::answer_origin);
}

TEST(fill_machine, lock_of_another_is_waited_for_within_the_budget_and_then_done_without) {
  fill_machine machine(100ms);
  std::chrono::nanoseconds waited{0};
  auto last = fill_machine::duration::zero();
  auto next = machine.on_begun_unlocked();
  int looks = 0;
  while (next == action::wait) {
    EXPECT_TRUE(machine.pause() >= last || waited + machine.pause() == 100ms);  // growing, but for the last
    last = machine.pause();
    waited += machine.pause();
    EXPECT_EQ(machine.on_waited(), action::begin);
    next = machine.on_begun_unlocked();
    ++looks;
  }
  EXPECT_EQ(next, action::read_origin);
  EXPECT_EQ(waited, 100ms);
  EXPECT_GT(looks, 3);
  EXPECT_EQ(machine.on_origin(true), action::commit);  // as safe without the lock
  EXPECT_FALSE(machine.holds_lock());
  EXPECT_EQ(machine.on_origin(false), action::answer_origin);
}

TEST(fill_machine, backend_without_an_answer_is_left_alone) {
  fill_machine machine(100ms);
  machine.on_begun_unlocked();
  machine.on_waited();
  EXPECT_EQ(machine.on_no_answer(), action::read_origin);
  EXPECT_EQ(machine.on_origin(true), action::answer_origin);
  EXPECT_TRUE(machine.went_alone());
}

TEST(fill_machine, entry_found_is_the_answer) { EXPECT_EQ(fill_machine(1ms).on_begun_entry(), action::answer_entry); }

TEST(breaker, opens_after_failures_in_a_row_and_probes_once_a_pause) {
  breaker guard(3, backoff(100ms, 400ms));
  auto now = breaker::time(1s);
  guard.on_failure(now, 0);
  guard.on_failure(now, 0);
  guard.on_success();
  guard.on_failure(now, 0);
  guard.on_failure(now, 0);
  EXPECT_TRUE(guard.allows(now));
  guard.on_failure(now, 0);
  EXPECT_EQ(guard.state(), breaker::state::open);
  EXPECT_FALSE(guard.allows(now + 49ms));
  EXPECT_TRUE(guard.allows(now + 50ms));
  EXPECT_FALSE(guard.allows(now + 51ms));  // one probe
  guard.on_failure(now + 60ms, 0);
  EXPECT_FALSE(guard.allows(now + 159ms));  // the pause has doubled
  EXPECT_TRUE(guard.allows(now + 160ms));
  guard.on_success();
  EXPECT_EQ(guard.state(), breaker::state::closed);
}

TEST(backoff, pauses_double_to_the_longest_with_jitter_in_the_upper_half) {
  backoff pauses(100ms, 400ms);
  EXPECT_EQ(pauses.next(0), 50ms);
  EXPECT_EQ(pauses.next(0.5), 150ms);
  EXPECT_LE(pauses.next(0.999), 400ms);
  EXPECT_EQ(pauses.next(0), 200ms);
  pauses.reset();
  EXPECT_EQ(pauses.next(0), 50ms);
}

}  // namespace
}  // namespace reprise::core
