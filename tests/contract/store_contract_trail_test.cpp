// The contract of every store: the trail.
#include "tests/support/store_harness.hpp"

namespace bookings::testing {
namespace {

using namespace std::chrono_literals;

TEST_P(store_contract, trail_entries_come_back_whole_and_newest_first) {
  EXPECT_EQ(must(data->list_trail({})).total, 0);
  const auto before = now();
  must(data->append_trail({teacher.id, trail_action::purge_cache, trail_subject::cache, "bookings"}));
  harness->advance(-1h);  // a clock that is set back does not change the order
  must(data->append_trail({student.id, trail_action::block_user, trail_subject::user, teacher.id, "was \"rude\""}));
  harness->advance(1h);

  const auto list = must(data->list_trail({}));
  ASSERT_EQ(list.rows.size(), 2u);
  EXPECT_EQ(list.total, 2);
  const auto& [id, at, what] = list.rows[0];
  EXPECT_TRUE(is_valid_id(id));
  EXPECT_EQ(what.actor, student.id);
  EXPECT_EQ(what.action, trail_action::block_user);
  EXPECT_EQ(what.subject, trail_subject::user);
  EXPECT_EQ(what.subject_id, teacher.id);
  EXPECT_EQ(what.reason, "was \"rude\"");
  EXPECT_LT(at, before);
  EXPECT_EQ(list.rows[1].what.subject_id, "bookings");
  EXPECT_EQ(list.rows[1].what.reason, std::nullopt);
  EXPECT_GE(list.rows[1].at, before - 1ms);  // the store's clock rounds
  EXPECT_NE(list.rows[1].id, id);
}

TEST_P(store_contract, trail_pages_hold_each_entry_once_and_survive_reopening) {
  for (int i = 0; i < 5; ++i) {
    must(data->append_trail({teacher.id, trail_action::refund, trail_subject::payment, std::to_string(i)}));
  }
  data.reset();
  data = harness->open();
  texts subjects;
  for (int number = 1; number <= 4; ++number) {
    const auto list = must(data->list_trail({number, 2}));
    EXPECT_EQ(list.total, 5);
    for (const auto& each : list.rows) subjects.push_back(each.what.subject_id);
  }
  EXPECT_EQ(subjects, (texts{"4", "3", "2", "1", "0"}));
}

}  // namespace
}  // namespace bookings::testing
