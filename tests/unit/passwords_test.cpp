#include "server/auth/bcrypt.hpp"
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

// Made by the npm package bcryptjs, 3 and 2.
const std::string horse_2b = "$2b$04$JVKQ5CvRBVyzQ3IPP7zknuLkmjigAq/1XLZnWMXgAcF2LZnZIA13u";
const std::string horse_2a = "$2a$04$oqKMW6fmJ.U1RmjVcFX2.uSi/Zv9YROxfML4NMd0vwR0TPOnf7IQ2";
const std::string empty_2b = "$2b$04$9ZnI9YU6Pq.QOVi9uttWAOLw/cp83sUIrpHZa7FrIN/8ZTUUMff22";
const std::string umlauts = "$2a$04$S70g9ioAw/ZSNCNtAjNL9u59h4U2mJDb6IelkMDqFA.hJ2twPPVlK";  // "pässwörd ✓"
const std::string eighty_x = "$2a$04$RZ4tjRle7U1PnbynumqlvO0N5bnO0XLUPUOGtaXbtcObgkIboOAhm";

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
  EXPECT_FALSE(hasher.needs_rehash(hash, "correct horse"));
  EXPECT_TRUE(dearer.needs_rehash(hash, "correct horse"));
  EXPECT_TRUE(hasher.needs_rehash("plain", "correct horse"));
  EXPECT_TRUE(dearer.verify(hash, "correct horse").value()) << "an old hash is still good";
}

TEST(password_hasher, dummy_hash_costs_the_same_and_fits_nobody) {
  for (password_cost cost : {cheap, password_cost{2, 16384}}) {
    password_hasher hasher(cost);
    EXPECT_FALSE(hasher.needs_rehash(hasher.dummy_hash(), "correct horse"));
    auto verified = hasher.verify(hasher.dummy_hash(), "correct horse");
    ASSERT_TRUE(verified.has_value()) << "computed, and not refused for its form";
    EXPECT_FALSE(*verified);
  }
}

TEST(password_hasher, hash_of_bcrypt_is_verified_and_to_be_replaced) {
  password_hasher hasher(cheap);
  EXPECT_TRUE(hasher.verify(horse_2b, "correct horse").value());
  EXPECT_FALSE(hasher.verify(horse_2b, "correct horsf").value());
  EXPECT_TRUE(hasher.needs_rehash(horse_2b, "correct horse"));
}

TEST(password_hasher, hash_of_bcrypt_stays_where_the_password_is_longer_than_what_it_looks_at) {
  password_hasher hasher(cheap);
  EXPECT_TRUE(hasher.needs_rehash(eighty_x, std::string(72, 'x')));
  EXPECT_FALSE(hasher.needs_rehash(eighty_x, std::string(73, 'x')));
}

TEST(password_hasher, cost_default_is_libsodiums_interactive) {
  EXPECT_TRUE(password_hasher().dummy_hash().starts_with("$argon2id$v=19$m=65536,t=2,p=1$"));
}

TEST(password_hasher, cost_below_the_least_throws) {
  EXPECT_THROW(password_hasher({1, 1024}), std::invalid_argument);
}

TEST(bcrypt, hash_verifies_its_password_alone) {
  for (const auto& hash : {horse_2b, horse_2a, "$2y$" + horse_2b.substr(4)}) {
    EXPECT_TRUE(verify_bcrypt(hash, "correct horse").value()) << hash;
    for (std::string_view wrong : {"", "correct hors", "correct horsf", "correct horse ", "Correct horse"})
      EXPECT_FALSE(verify_bcrypt(hash, wrong).value()) << wrong;
  }
  EXPECT_TRUE(verify_bcrypt(umlauts, "pässwörd ✓").value());
  EXPECT_TRUE(verify_bcrypt(empty_2b, "").value());
}

TEST(bcrypt, password_is_looked_at_to_its_seventy_second_byte) {
  EXPECT_TRUE(verify_bcrypt(eighty_x, std::string(80, 'x')).value());
  EXPECT_TRUE(verify_bcrypt(eighty_x, std::string(72, 'x') + std::string(1000, 'y')).value());
  EXPECT_FALSE(verify_bcrypt(eighty_x, std::string(71, 'x')).value());
}

TEST(bcrypt, password_with_a_nul_belongs_to_none) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(verify_bcrypt(horse_2b, "correct horse\0"sv).value());
  EXPECT_FALSE(verify_bcrypt(empty_2b, "\0"sv).value());
}

TEST(bcrypt, malformed_hash_is_internal) {
  std::vector<std::string> all{"", "$2b$", horse_2b.substr(0, 59), horse_2b + "u", "$2x$" + horse_2b.substr(4),
                               "$3b$" + horse_2b.substr(4), "$2b$4$." + horse_2b.substr(7), "$2b$ 4$" + horse_2b.substr(7)};
  all.push_back(horse_2b);
  all.back()[30] = '!';
  all.push_back(horse_2b);
  all.back()[40] = '\0';
  for (const auto& bad : all) {
    EXPECT_FALSE(is_bcrypt(bad)) << bad;
    EXPECT_EQ(verify_bcrypt(bad, "correct horse").error(), errc::internal) << bad;
  }
}

// At 2^31 rounds this test would run for a day.
TEST(bcrypt, cost_that_would_hold_a_thread_is_refused) {
  for (const auto* cost : {"00", "03", "15", "31", "32", "99"})
    EXPECT_EQ(verify_bcrypt("$2b$" + std::string(cost) + horse_2b.substr(6), "correct horse").error(), errc::internal) << cost;
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
