// Two versions of a service on one Redis, which differ in their table of what invalidates what; and rows that one of them
// cannot read.
#include "tests/support/engine_node.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace reprise::testing {
namespace {

options of_table(std::string hash) {
  options settings;
  settings.table = std::move(hash);
  return settings;
}

// What a table makes of a row: the newer one knows that users' profiles show in bookings too.
class table_log final : public memory_log {
 public:
  explicit table_log(bool is_newer, std::shared_ptr<memory_log> rows) : is_newer_(is_newer), rows_(std::move(rows)) {}
  awaitable<pass> read_pass(const pass_request& wanted) override {
    auto found = co_await rows_->read_pass(wanted);
    if (found && is_newer_)
      for (auto& one : found->rows) one.scopes.push_back(*scope::of_user("bookings", "1"));
    co_return found;
  }
  awaitable<std::string> claim(std::string identity) override { return rows_->claim(std::move(identity)); }
  awaitable<std::vector<row_number>> append(std::vector<scope> scopes) override { return rows_->append(std::move(scopes)); }
  awaitable<void> acknowledge(std::string identity, std::vector<row_number> numbers) override {
    return rows_->acknowledge(std::move(identity), std::move(numbers));
  }
  awaitable<void> await_rows(std::vector<row_number> numbers) override { return rows_->await_rows(std::move(numbers)); }
  awaitable<std::int64_t> bump_epoch(std::string prefix) override { return rows_->bump_epoch(std::move(prefix)); }
  awaitable<bool> put_lease(const lease& wanted) override { return rows_->put_lease(wanted); }
  awaitable<observation> observe(std::vector<row_number> numbers) override { return rows_->observe(std::move(numbers)); }

 private:
  const bool is_newer_;
  const std::shared_ptr<memory_log> rows_;
};

// One Redis, one log, a node of each version.
class engine_tables : public ::testing::Test {
 protected:
  redis_server server;
  io threads{3};
  std::shared_ptr<memory_log> log = std::make_shared<memory_log>();
  gated_origin data;
  node older{threads, backend_on(server, threads), std::make_shared<table_log>(false, log), of_table("older")};
  node newer{threads, backend_on(server, threads), std::make_shared<table_log>(true, log), of_table("newer")};

  void SetUp() override {
    older.wait_available();
    newer.wait_available();
  }
  outcome read(node& at, std::string user = "1") {
    const auto reply = threads.run(at.get(data.read(), std::move(user)));
    EXPECT_EQ(reply->body, "{\"value\":" + std::to_string(data.value) + "}");
    return reply->outcome;
  }
};

TEST_F(engine_tables, one_version_serves_no_entry_of_another_and_both_go_on_caching) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(read(older), outcome::miss);
    EXPECT_EQ(read(older), outcome::hit);
    EXPECT_EQ(read(newer), outcome::miss);
    EXPECT_EQ(read(newer), outcome::hit);
  }
}

// The older version's table says nothing of the list, so only the newer one's relay can invalidate it.
TEST_F(engine_tables, write_through_one_version_waits_for_the_table_of_the_other) {
  for (int i = 0; i < 3; ++i) {
    read(newer);
    ASSERT_EQ(read(newer), outcome::hit);
    const std::vector<scope> profile(1, *scope::of_thing("users", "1"));
    ++data.value;
    const std::vector<std::int64_t> rows(1, log->commit(profile));
    ASSERT_TRUE(threads.run(older.cache.invalidate(profile, rows)));
    EXPECT_EQ(read(newer), outcome::miss);
    EXPECT_TRUE(older.cache.is_available());
    EXPECT_TRUE(newer.cache.is_available());
  }
  EXPECT_TRUE(eventually([&] { return log->rows() == 0; }));
}

TEST_F(engine_tables, identity_and_table_are_what_leases_and_rows_name) {
  const auto seen = threads.run(log->observe({}));
  ASSERT_EQ(seen->leases.size(), 2u);
  std::vector<std::string> tables, servers;
  for (const auto& one : seen->leases) {
    servers.push_back(one.identity.substr(0, one.identity.find('#')));
    tables.push_back(one.identity.substr(servers.back().size()));
  }
  std::sort(tables.begin(), tables.end());
  EXPECT_EQ(tables, (std::vector<std::string>{"#newer", "#older"}));
  EXPECT_EQ(servers[0], servers[1]);
}

// Rows that no table can read: a newer version's, or corrupt. Then all goes that such a version has made, and the row is
// acknowledged; trust does not end.
TEST(engine_unknown_rows, everything_is_given_up_once_and_its_writer_is_told) {
  redis_server server, other;
  io threads{3};
  auto log = std::make_shared<memory_log>();
  gated_origin data;
  {
    node one(threads, backend_on(server, threads), log, of_table("ours"));
    node two(threads, backend_on(other, threads), log, of_table("ours"));
    node writer(threads, nullptr, log, of_table("theirs"));
    std::vector<node*> readers{&one, &two};
    for (auto* each : readers) each->wait_available();
    for (int i = 0; i < 3; ++i) {
      for (auto* each : readers)
        for (const auto* user : {"1", "2"})
          while (threads.run(each->get(data.read(), user))->outcome != outcome::hit) continue;
      ++data.value;
      std::vector<std::int64_t> rows{log->commit_unreadable()};
      EXPECT_TRUE(threads.run(writer.cache.await_acknowledged(std::move(rows))));
      for (auto* each : readers)
        for (const auto* user : {"1", "2"}) {
          EXPECT_TRUE(each->cache.is_available());
          EXPECT_EQ(threads.run(each->get(data.read(), user))->body, "{\"value\":" + std::to_string(data.value) + "}");
        }
    }
    EXPECT_TRUE(eventually([&] { return log->rows() == 0; }));
  }
}

// A refusal may tell of it, too.
TEST(engine_unknown_rows, what_waits_for_everything_pending_waits_for_them) {
  io threads{3};
  auto log = std::make_shared<memory_log>();
  gated_origin data;
  {
    node here(threads, make_memory_backend({}, make_environment()), log, of_table("ours"));
    here.wait_available();
    for (int i = 0; i < 3; ++i) {
      while (threads.run(here.get(data.read()))->outcome != outcome::hit) continue;
      ++data.value;
      (void)log->commit_unreadable();
      ASSERT_TRUE(threads.run(here.cache.wait_settled()));
      EXPECT_EQ(threads.run(here.get(data.read()))->body, "{\"value\":" + std::to_string(data.value) + "}");
    }
  }
}

// It lies there when a node starts, with the entries from before it.
TEST(engine_unknown_rows, node_that_comes_back_does_not_believe_what_is_older_than_the_row) {
  redis_server server;
  io threads{3};
  auto log = std::make_shared<memory_log>();
  gated_origin data;
  {
    node before(threads, backend_on(server, threads), log, of_table("ours"));
    before.wait_available();
    threads.run(before.get(data.read()));
    ASSERT_EQ(threads.run(before.get(data.read()))->outcome, outcome::hit);
  }
  ++data.value;
  (void)log->commit_unreadable();
  {
    node after(threads, backend_on(server, threads), log, of_table("ours"));
    after.wait_available();
    EXPECT_EQ(threads.run(after.get(data.read()))->body, "{\"value\":1}");
    EXPECT_TRUE(eventually([&] { return log->rows() == 0; }));
    EXPECT_TRUE(eventually([&] { return threads.run(after.get(data.read()))->outcome == outcome::hit; }));
  }
}

}  // namespace
}  // namespace reprise::testing
