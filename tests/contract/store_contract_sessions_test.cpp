// The contract of every store: what ends tokens.
#include "tests/support/store_harness.hpp"

namespace bookings::testing {
namespace {

const id admin = "0123456789abcdef01234567";  // the trail outlives what it names, and refers to nothing

class sessions_contract : public store_contract {
 protected:
  // The trail, newest first: "action subject".
  texts noted() {
    texts all;
    for (const auto& each : must(data->list_trail({})).rows) {
      all.push_back(std::string(to_text(each.what.action)) + ' ' + each.what.subject_id);
    }
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(stores, sessions_contract, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

TEST_P(sessions_contract, find_session_new_account_is_active_at_version_1) {
  const auto found = must(data->find_session(teacher.id));
  EXPECT_EQ(found.token_version, 1);
  EXPECT_EQ(found.state, account_state::active);
  EXPECT_EQ(found.role, role::teacher);
  EXPECT_EQ(data->find_session(make_id()).error(), errc::not_found);
}

TEST_P(sessions_contract, end_sessions_raises_that_users_version_alone_and_commits_its_row) {
  committed<session> ended;
  EXPECT_EQ(rows_of([&] { ended = must(data->end_sessions(teacher.id)); }), texts{"session:" + teacher.id});
  EXPECT_EQ(ended.value.token_version, 2);
  ASSERT_EQ(ended.rows.size(), 1u);
  EXPECT_EQ(ended.rows[0].number, rows().back().number);
  EXPECT_EQ(must(harness->open()->find_session(teacher.id)).token_version, 2);
  EXPECT_EQ(must(data->find_user(teacher.id)).token_version, 2);
  EXPECT_EQ(must(data->find_session(student.id)).token_version, 1);
  EXPECT_EQ(data->end_sessions(make_id()).error(), errc::not_found);
}

TEST_P(sessions_contract, change_password_ends_tokens_and_follows_on_no_other_end) {
  EXPECT_EQ(rows_of([&] { must(data->change_password(student.id, "$argon2id$new", 1)); }),
            texts{"session:" + student.id});
  EXPECT_EQ(must(data->find_user(student.id)).password_hash, "$argon2id$new");
  EXPECT_EQ(must(data->find_session(student.id)).token_version, 2);
  // Who still holds version 1 was told that it has ended.
  EXPECT_TRUE(rows_of([&] {
    EXPECT_EQ(data->change_password(student.id, "$argon2id$late", 1).error(), errc::unauthorized);
  }).empty());
  EXPECT_EQ(must(data->find_user(student.id)).password_hash, "$argon2id$new");
  EXPECT_EQ(data->change_password(make_id(), "$argon2id$x", 1).error(), errc::not_found);
}

TEST_P(sessions_contract, reset_password_ends_tokens_and_is_noted_each_time) {
  for (const auto* hash : {"$argon2id$one", "$argon2id$two"}) {
    EXPECT_EQ(rows_of([&] { must(data->reset_password(student.id, hash, admin)); }), texts{"session:" + student.id});
    EXPECT_EQ(must(data->find_user(student.id)).password_hash, hash);
  }
  EXPECT_EQ(must(data->find_session(student.id)).token_version, 3);
  EXPECT_EQ(noted(), (texts{"reset_password " + student.id, "reset_password " + student.id}));
  EXPECT_EQ(data->reset_password(make_id(), "$argon2id$x", admin).error(), errc::not_found);
  EXPECT_EQ(data->reset_password(student.id, "$argon2id$x", student.id).error(), errc::unprocessable);
  EXPECT_EQ(must(data->find_user(student.id)).password_hash, "$argon2id$two");
  EXPECT_EQ(noted().size(), 2u);
}

TEST_P(sessions_contract, rehash_password_replaces_only_the_hash_that_it_was_made_for) {
  const auto before = must(data->find_user(student.id)).password_hash;
  EXPECT_TRUE(rows_of([&] { must(data->rehash_password(student.id, before, "$argon2id$dearer")); }).empty());
  EXPECT_EQ(must(data->find_user(student.id)).password_hash, "$argon2id$dearer");
  must(data->change_password(student.id, "$argon2id$changed", 1));
  must(data->rehash_password(student.id, "$argon2id$dearer", "$argon2id$late"));
  EXPECT_EQ(must(data->find_user(student.id)).password_hash, "$argon2id$changed");
  EXPECT_EQ(must(data->find_session(student.id)).token_version, 2) << "a rehash ends nothing";
}

TEST_P(sessions_contract, block_and_unblock_end_tokens_and_are_noted_once_each) {
  const auto row = texts{"session:" + student.id};
  EXPECT_EQ(rows_of([&] { must(data->block_user(student.id, admin, "was \"rude\"")); }), row);
  EXPECT_EQ(must(data->find_session(student.id)).state, account_state::blocked);
  EXPECT_EQ(must(data->find_user(student.id)).state, account_state::blocked);
  // Again: nothing changes, but the answer tells of the first, and so has a row to wait for.
  EXPECT_EQ(rows_of([&] { EXPECT_EQ(must(data->block_user(student.id, admin, {})).value.token_version, 2); }), row);
  EXPECT_EQ(rows_of([&] { EXPECT_EQ(must(data->unblock_user(student.id, admin, {})).value.token_version, 3); }), row);
  EXPECT_EQ(must(data->find_session(student.id)).state, account_state::active);
  EXPECT_EQ(noted(), (texts{"unblock_user " + student.id, "block_user " + student.id}));
  const auto first = must(data->list_trail({})).rows.back().what;
  EXPECT_EQ(first.actor, admin);
  EXPECT_EQ(first.reason, "was \"rude\"");
}

TEST_P(sessions_contract, block_and_unblock_of_nobody_or_oneself_change_nothing) {
  EXPECT_EQ(data->block_user(make_id(), admin, {}).error(), errc::not_found);
  EXPECT_EQ(data->unblock_user(make_id(), admin, {}).error(), errc::not_found);
  EXPECT_EQ(data->block_user(teacher.id, teacher.id, {}).error(), errc::unprocessable);
  EXPECT_EQ(must(data->find_session(teacher.id)).state, account_state::active);
  EXPECT_TRUE(noted().empty());
}

}  // namespace
}  // namespace bookings::testing
