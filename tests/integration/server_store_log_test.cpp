// The store as the engine's log: what one pass of the relay takes.
#include "server/caching/store_log.hpp"
#include "tests/support/store_harness.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace bookings::testing {
namespace {

class store_log_pass : public store_contract {
 protected:
  reprise::invalidation_log::pass read(std::size_t most_scopes, std::vector<std::int64_t> except) {
    boost::asio::io_context io;
    async_store stores(*data, {});
    const auto log = caching::make_store_log(stores, most_scopes);
    reprise::invalidation_log::pass_request ask;
    ask.identity = "a";
    ask.except = std::move(except);
    auto answer = boost::asio::co_spawn(io, log->read_pass(ask), boost::asio::use_future);
    io.run();
    return answer.get().value();
  }
};
INSTANTIATE_TEST_SUITE_P(stores, store_log_pass, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

TEST_P(store_log_pass, rows_of_many_scopes_are_taken_some_at_a_time) {
  must(data->claim_identity("a"));
  book(algebra.id);
  must(data->acknowledge_rows("a", [&] {
    std::vector<std::int64_t> all;
    for (const auto& row : rows()) all.push_back(row.number);
    return all;
  }()));
  std::vector<std::int64_t> renamed;
  for (const auto* title : {"One", "Two", "Three"})
    renamed.push_back(must(data->update_gig(algebra.id, teacher.id, {.title = title})).rows.at(0).number);

  const auto first = read(4, {});  // each shows in two booking lists, beside its own places
  ASSERT_EQ(first.rows.size(), 1u);
  EXPECT_GE(first.rows[0].scopes.size(), 4u);
  EXPECT_FALSE(first.is_last);
  const auto rest = read(100, {renamed[0]});
  ASSERT_EQ(rest.rows.size(), 2u);
  EXPECT_EQ(rest.rows[1].number, renamed[2]);
  EXPECT_TRUE(rest.is_last);
}

}  // namespace
}  // namespace bookings::testing
