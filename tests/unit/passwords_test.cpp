#include "server/auth/passwords.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace bookings::auth {
namespace {

namespace asio = boost::asio;

constexpr password_cost cheap{1, 8192};

template <class T>
T run(asio::awaitable<T> what) {
  asio::io_context context;
  auto outcome = asio::co_spawn(context, std::move(what), asio::use_future);
  context.run();
  return outcome.get();
}

TEST(password_hasher, hash_verifies_its_password_alone) {
  password_hasher hasher(cheap);
  auto hash = hasher.hash("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
  EXPECT_TRUE(hasher.verify(*hash, "correct horse").value());
  for (std::string_view wrong : {"", "correct hors", "correct horsf", "correct horse ", "Correct horse"})
    EXPECT_FALSE(hasher.verify(*hash, wrong).value()) << wrong;
}

TEST(password_hasher, password_with_a_nul_is_not_cut) {
  password_hasher hasher(cheap);
  using namespace std::string_view_literals;
  auto hash = hasher.hash("abc\0def"sv);
  EXPECT_TRUE(hasher.verify(*hash, "abc\0def"sv).value());
  EXPECT_FALSE(hasher.verify(*hash, "abc"sv).value());
}

TEST(password_hasher, same_password_twice_has_two_hashes) {
  password_hasher hasher(cheap);
  EXPECT_NE(hasher.hash("correct horse").value(), hasher.hash("correct horse").value());
}

TEST(password_hasher, malformed_hash_is_internal) {
  password_hasher hasher(cheap);
  auto hash = hasher.hash("correct horse").value();
  for (const auto& bad : {std::string(), std::string("plain"), std::string("$argon2id$"), hash.substr(0, 20),
                          "$argon2i$" + hash.substr(10), "$2b$10$" + hash})
    EXPECT_EQ(hasher.verify(bad, "correct horse").error(), errc::internal) << bad;
}

TEST(password_hasher, needs_rehash_at_another_cost) {
  password_hasher hasher(cheap), dearer({2, 16384});
  auto hash = hasher.hash("correct horse").value();
  EXPECT_FALSE(hasher.needs_rehash(hash));
  EXPECT_TRUE(dearer.needs_rehash(hash));
  EXPECT_TRUE(hasher.needs_rehash("plain"));
  EXPECT_TRUE(dearer.verify(hash, "correct horse").value()) << "an old hash is still good";
}

TEST(password_hasher, dummy_hash_costs_the_same_and_fits_nobody) {
  for (password_cost cost : {cheap, password_cost{2, 16384}}) {
    password_hasher hasher(cost);
    EXPECT_FALSE(hasher.needs_rehash(hasher.dummy_hash()));
    auto verified = hasher.verify(hasher.dummy_hash(), "correct horse");
    ASSERT_TRUE(verified.has_value()) << "computed, and not refused for its form";
    EXPECT_FALSE(*verified);
  }
}

TEST(password_hasher, cost_default_is_libsodiums_interactive) {
  EXPECT_TRUE(password_hasher().dummy_hash().starts_with("$argon2id$v=19$m=65536,t=2,p=1$"));
}

TEST(password_hasher, cost_below_the_least_throws) {
  EXPECT_THROW(password_hasher({1, 1024}), std::invalid_argument);
}

TEST(password_pool, hash_and_verify_round_trip) {
  password_pool pool({.threads = 2, .capacity = 4, .cost = cheap});
  auto hash = run(pool.hash("correct horse"));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(run(pool.verify(*hash, "correct horse")).value());
  EXPECT_FALSE(run(pool.verify(*hash, "another horse")).value());
  EXPECT_EQ(pool.load(), 0u);
}

asio::awaitable<bool> resumes_on_its_own_thread(password_pool& pool) {
  auto before = std::this_thread::get_id();
  co_await pool.hash("correct horse");
  co_return std::this_thread::get_id() == before;
}

TEST(password_pool, caller_resumes_on_its_executor) {
  password_pool pool({.threads = 1, .capacity = 4, .cost = cheap});
  EXPECT_TRUE(run(resumes_on_its_own_thread(pool)));
}

TEST(password_pool, calls_beyond_the_capacity_are_answered_at_once) {
  password_pool pool({.threads = 1, .capacity = 3, .cost = cheap});
  asio::io_context context;
  int done = 0, refused = 0;
  auto one = [&]() -> asio::awaitable<void> {
    auto hash = co_await pool.hash("correct horse");
    if (hash)
      ++done;
    else if (hash.error() == errc::overloaded)
      ++refused;
  };
  for (int i = 0; i < 10; ++i) asio::co_spawn(context, one, asio::detached);
  context.run();
  EXPECT_EQ(done + refused, 10);
  EXPECT_GE(done, 3);
  EXPECT_EQ(pool.load(), 0u);
}

TEST(password_pool, capacity_zero_refuses_all) {
  password_pool pool({.threads = 1, .capacity = 0, .cost = cheap});
  EXPECT_EQ(run(pool.hash("correct horse")).error(), errc::overloaded);
  EXPECT_EQ(pool.load(), 0u);
}

TEST(password_pool, end_answers_all_who_wait) {
  asio::io_context context;
  std::vector<std::optional<result<std::string>>> answers(20);
  {
    password_pool pool({.threads = 1, .capacity = 20, .cost = cheap});
    for (auto& answer : answers)
      asio::co_spawn(
          context, [&pool, &answer]() -> asio::awaitable<void> { answer = co_await pool.hash("correct horse"); },
          asio::detached);
    context.poll();
  }
  context.restart();
  context.run();
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(answer->has_value() || answer->error() == errc::overloaded);
  }
}

}  // namespace
}  // namespace bookings::auth
