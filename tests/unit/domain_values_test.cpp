// Money, ids, accounts, changes and errors.
#include "server/domain/change.hpp"
#include "server/domain/errc.hpp"
#include "server/domain/id.hpp"
#include "server/domain/money.hpp"
#include "server/domain/user.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <limits>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace bookings {
namespace {

// money --------------------------------------------------------------------------------------------------------------

TEST(parse_money, at_most_two_places_is_exact) {
  EXPECT_EQ(parse_money(0), money{0});
  EXPECT_EQ(parse_money(-0.0), money{0});
  EXPECT_EQ(parse_money(0.01), money{1});
  EXPECT_EQ(parse_money(0.07), money{7});
  EXPECT_EQ(parse_money(12.5), money{1250});
  EXPECT_EQ(parse_money(1.15), money{115});
  EXPECT_EQ(parse_money(9999999.99), money{999999999});
  EXPECT_EQ(parse_money(10000000), money{1000000000});
}

TEST(parse_money, every_amount_up_to_a_thousand_comes_back) {
  for (std::int64_t i = 0; i <= 100000; ++i) ASSERT_EQ(parse_money(to_number({i})), money{i});
}

TEST(parse_money, finer_negative_or_too_large_is_absent) {
  for (const double value :
       {0.001, 12.345, 0.125, 1.0 / 3, 1e-300, 9999999.999, -0.01, -1.0, 10000000.01, 1e18, 1e300}) {
    EXPECT_FALSE(parse_money(value)) << value;
  }
  EXPECT_FALSE(parse_money(std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(parse_money(-std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(parse_money(std::nan("")));
}

TEST(to_number, hundredths_become_a_decimal) {
  EXPECT_EQ(to_number({1250}), 12.5);
  EXPECT_EQ(to_number({1}), 0.01);
}

TEST(price_of, rounds_half_up_to_a_hundredth) {
  EXPECT_EQ(price_of({50000}, 60), money{50000});
  EXPECT_EQ(price_of({50000}, 90), money{75000});
  EXPECT_EQ(price_of({50000}, 45), money{37500});
  EXPECT_EQ(price_of({1}, 30), money{1});    // 0.5
  EXPECT_EQ(price_of({1}, 29), money{0});    // 0.48…
  EXPECT_EQ(price_of({3}, 30), money{2});    // 1.5
  EXPECT_EQ(price_of({100}, 20), money{33});  // 33.33…
  EXPECT_EQ(price_of({100}, 40), money{67});  // 66.66…
  EXPECT_EQ(price_of({0}, 60), money{0});
  EXPECT_EQ(price_of({1000000000}, 24 * 60), money{24000000000});
}

// ids ----------------------------------------------------------------------------------------------------------------

TEST(make_id, form_is_valid_and_sorts_by_the_second) {
  const auto made = make_id();
  EXPECT_TRUE(is_valid_id(made));
  const auto seconds = std::stoull(made.substr(0, 8), nullptr, 16);
  EXPECT_NEAR(static_cast<double>(seconds), static_cast<double>(std::time(nullptr)), 5);
}

TEST(make_id, many_from_many_threads_are_distinct) {
  std::mutex mutex;
  std::set<id> all;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        std::vector<id> own(1000);
        for (auto& each : own) each = make_id();
        const std::scoped_lock lock(mutex);
        all.insert(own.begin(), own.end());
      });
    }
  }
  EXPECT_EQ(all.size(), 4000u);
}

TEST(is_valid_id, exactly_24_lower_case_hex_digits) {
  EXPECT_TRUE(is_valid_id("0123456789abcdef01234567"));
  for (const char* text : {"", "*", "0123456789abcdef0123456", "0123456789abcdef012345678", "0123456789ABCDEF01234567",
                           "0123456789abcdef0123456g", "0123456789abcdef0123456 ", "0123456789abcdef0123456:",
                           "0123456789abcdef0123456\n"}) {
    EXPECT_FALSE(is_valid_id(text)) << text;
  }
  EXPECT_FALSE(is_valid_id(std::string_view("0123456789abcdef0123456\0", 24)));
}

// accounts -----------------------------------------------------------------------------------------------------------

TEST(role_text, every_value_comes_back_and_others_are_absent) {
  for (const auto value : {role::student, role::teacher, role::admin}) EXPECT_EQ(parse_role(to_text(value)), value);
  for (const char* text : {"", "Student", "guest", "student "}) EXPECT_FALSE(parse_role(text)) << text;
}

TEST(normalize_email, address_is_given_in_lower_case) {
  EXPECT_EQ(normalize_email("Ayesha.Rahman@Example.COM"), "ayesha.rahman@example.com");
  EXPECT_EQ(normalize_email("a@b"), "a@b");
  EXPECT_EQ(normalize_email("o'neil+tag=1/x@mail.example.co.uk"), "o'neil+tag=1/x@mail.example.co.uk");
  EXPECT_EQ(normalize_email("1@2.3"), "1@2.3");
}

TEST(normalize_email, anything_else_is_absent) {
  for (const char* text :
       {"", "@", "a", "a@", "@b", "a@@b", "a@b@c", "a b@c", "a@b c", " a@b", "a@b ", "a@b\n", "a\r\n@b", ".a@b", "a.@b",
        "a..b@c", "a@.b", "a@b.", "a@b..c", "a@b_c", "a@[127.0.0.1]", "\"a\"@b", "a,b@c", "a;b@c", "<a@b>", "a:b@c",
        "a\\b@c", "a(b)@c", "a@b:8080", "r\xc3\xa9ne@example.com", "a@ex\xc3\xa4mple.com", "a\t@b"}) {
    EXPECT_FALSE(normalize_email(text)) << text;
  }
  EXPECT_FALSE(normalize_email(std::string_view("a\0@b", 4)));
}

TEST(normalize_email, longest_is_254_characters) {
  const std::string tail = "@example.com";
  EXPECT_TRUE(normalize_email(std::string(254 - tail.size(), 'a') + tail));
  EXPECT_FALSE(normalize_email(std::string(255 - tail.size(), 'a') + tail));
  EXPECT_FALSE(normalize_email(std::string(100000, 'a') + tail));
}

// accounts -----------------------------------------------------------------------------------------------------------

TEST(account_state_text, every_state_comes_back) {
  for (const auto state : {account_state::active, account_state::blocked, account_state::deleted}) {
    EXPECT_EQ(parse_account_state(to_text(state)), state);
  }
  EXPECT_FALSE(parse_account_state(""));
  EXPECT_FALSE(parse_account_state("Active"));
}

TEST(check_administration, own_account_is_refused) {
  const id one = "65f000000000000000000001", other = "65f000000000000000000002";
  EXPECT_TRUE(check_administration(one, other));
  EXPECT_EQ(check_administration(one, one).error(), errc::unprocessable);
}

// changes ------------------------------------------------------------------------------------------------------------

TEST(change_text, every_kind_comes_back) {
  const id thing = "65f000000000000000000001";
  EXPECT_EQ(to_text({change_kind::user_bookings, thing}), "user_bookings:65f000000000000000000001");
  EXPECT_EQ(to_text({change_kind::gig, thing}), "gig:65f000000000000000000001");
  EXPECT_EQ(to_text({change_kind::session, thing}), "session:65f000000000000000000001");
  for (const auto kind : known_change_kinds()) EXPECT_EQ(parse_change(to_text({kind, thing})), (change{kind, thing}));
}

TEST(parse_change, anything_else_is_unknown_and_keeps_its_text) {
  for (const char* text :
       {"", ":", "gig", "gig:", ":65f000000000000000000001", "gig:65f00000000000000000000",
        "Gig:65f000000000000000000001", "gigs:65f000000000000000000001", "gig:65F000000000000000000001",
        "gig:65f000000000000000000001 ", "gig::65f000000000000000000001", " gig:65f000000000000000000001",
        "gig:*", "user:65f000000000000000000001", "unknown:65f000000000000000000001", "scope:"}) {
    EXPECT_EQ(parse_change(text), (change{change_kind::unknown, text}));
    EXPECT_EQ(to_text(parse_change(text)), text);
  }
}

// errors -------------------------------------------------------------------------------------------------------------

TEST(errc_category, every_value_has_a_message_of_its_own) {
  std::set<std::string> messages;
  const int last = static_cast<int>(errc::internal);
  for (int value = 1; value <= last; ++value) messages.insert(errc_category().message(value));
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(last));
  EXPECT_FALSE(messages.contains(errc_category().message(last + 1)));
  EXPECT_STREQ(errc_category().name(), "bookings");
}

TEST(errc, converts_to_an_error_code_and_compares) {
  const boost::system::error_code code = errc::overlap;
  EXPECT_EQ(code, errc::overlap);
  EXPECT_NE(code, errc::not_found);
  EXPECT_TRUE(code.failed());
  EXPECT_EQ(&code.category(), &errc_category());
}

}  // namespace
}  // namespace bookings
