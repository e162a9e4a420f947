// The rules of bookings: who may move one from where to where, and when two are in each other's way.
#include "server/domain/booking.hpp"

#include "server/domain/gig.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace bookings {
namespace {

using enum booking_status;

const id student = "000000000000000000000001", teacher = "000000000000000000000002",
         stranger = "000000000000000000000003";
constexpr booking_status every_status[] = {pending, accepted, rejected, completed, cancelled};

booking between(const id& learns, const id& teaches, booking_status status = pending) {
  booking b;
  b.student_id = learns;
  b.teacher_id = teaches;
  b.status = status;
  return b;
}

booking lesson(int begin_minute, int duration) {
  booking b;
  b.scheduled_at = time_point{std::chrono::minutes{begin_minute}};
  b.duration_minutes = duration;
  return b;
}

// What is not named here is not allowed to anybody: the whole table, written apart from the one that it checks.
enum class allowed_to { teacher_only, both };
const std::map<std::pair<booking_status, booking_status>, allowed_to> moves = {
    {{pending, accepted}, allowed_to::teacher_only}, {{pending, rejected}, allowed_to::teacher_only},
    {{pending, cancelled}, allowed_to::both},        {{accepted, completed}, allowed_to::teacher_only},
    {{accepted, cancelled}, allowed_to::both},
};

TEST(check_transition, every_actor_state_and_wish_answers_as_the_table_says) {
  for (const auto from : every_status) {
    for (const auto wanted : every_status) {
      const auto move = moves.find({from, wanted});
      const auto what = between(student, teacher, from);
      const auto answer = [&](const id& who) {
        const auto outcome = check_transition(what, who, wanted);
        return outcome ? errc{} : static_cast<errc>(outcome.error().value());
      };
      const auto where = std::string(to_text(from)) + " -> " + std::string(to_text(wanted));
      EXPECT_EQ(answer(stranger), errc::not_found) << where;
      if (move == moves.end()) {
        EXPECT_EQ(answer(student), errc::wrong_state) << where;
        EXPECT_EQ(answer(teacher), errc::wrong_state) << where;
      } else {
        EXPECT_EQ(answer(teacher), errc{}) << where;
        EXPECT_EQ(answer(student), move->second == allowed_to::both ? errc{} : errc::forbidden) << where;
      }
    }
  }
}

TEST(check_transition, somebody_who_is_both_parties_may_what_either_may) {
  EXPECT_TRUE(check_transition(between(teacher, teacher), teacher, accepted));
  EXPECT_TRUE(check_transition(between(teacher, teacher), teacher, cancelled));
}

TEST(check_transition, empty_id_is_a_stranger) {
  EXPECT_EQ(check_transition(between(student, teacher), "", cancelled).error(), errc::not_found);
}

TEST(overlap, every_way_two_lessons_can_lie) {
  struct {
    int begin, duration;
    bool expected;
  } const cases[] = {{0, 60, false}, {0, 59, false}, {0, 61, true}, {0, 200, true}, {60, 60, true}, {60, 10, true},
                     {70, 10, true}, {110, 10, true}, {119, 60, true}, {120, 60, false}, {121, 60, false}};
  const auto fixed = lesson(60, 60);
  for (const auto& each : cases) {
    const auto other = lesson(each.begin, each.duration);
    EXPECT_EQ(overlap(fixed, other), each.expected) << each.begin << " for " << each.duration;
    EXPECT_EQ(overlap(other, fixed), each.expected) << "the other way round";
  }
}

TEST(overlap, one_millisecond_in_common_is_enough) {
  auto after = lesson(60, 60);
  after.scheduled_at -= std::chrono::milliseconds{1};
  EXPECT_TRUE(overlap(lesson(0, 60), after));
}

TEST(is_party, student_and_teacher_alone) {
  const auto what = between(student, teacher);
  EXPECT_TRUE(is_party(what, student));
  EXPECT_TRUE(is_party(what, teacher));
  EXPECT_FALSE(is_party(what, stranger));
  EXPECT_FALSE(is_party(what, ""));
}

TEST(changes_of, booking_changes_the_lists_of_both_parties) {
  EXPECT_EQ(changes_of(between(student, teacher)), (std::vector<change>{{change_kind::user_bookings, student},
                                                                        {change_kind::user_bookings, teacher}}));
  EXPECT_EQ(changes_of(between(teacher, teacher)), (std::vector<change>{{change_kind::user_bookings, teacher}}));
}

TEST(booking_status_text, every_value_comes_back_and_others_are_absent) {
  for (const auto status : every_status) EXPECT_EQ(parse_booking_status(to_text(status)), status);
  for (const char* text : {"", "Pending", "pending ", "done", "paid"}) EXPECT_FALSE(parse_booking_status(text)) << text;
}

TEST(payment_status_text, every_value_comes_back_and_others_are_absent) {
  for (const auto status :
       {payment_status::unpaid, payment_status::pending, payment_status::paid, payment_status::refunded}) {
    EXPECT_EQ(parse_payment_status(to_text(status)), status);
  }
  for (const char* text : {"", "PAID", "accepted"}) EXPECT_FALSE(parse_payment_status(text)) << text;
}

TEST(check_owner, owner_alone_may) {
  gig offer;
  offer.teacher_id = teacher;
  EXPECT_TRUE(check_owner(offer, teacher));
  EXPECT_EQ(check_owner(offer, student).error(), errc::forbidden);
  EXPECT_EQ(check_owner(offer, "").error(), errc::forbidden);
}

}  // namespace
}  // namespace bookings
