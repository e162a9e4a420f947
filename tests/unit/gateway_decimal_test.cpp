// Amounts as the gateway writes them: exact decimals, or nothing.
#include "server/domain/gateway_transaction.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>

namespace bookings {
namespace {

TEST(decimal_money, text_is_its_exact_value) {
  for (const auto& [text, hundredths] :
       std::map<std::string, std::int64_t>{{"0", 0},
                                           {"0.01", 1},
                                           {"0.1", 10},
                                           {"1250", 125'000},
                                           {"1250.5", 125'050},
                                           {"1250.00", 125'000},
                                           {"1250.000000", 125'000},
                                           {"1250.9900", 125'099},
                                           {"007.50", 750},
                                           {"500000.00", 50'000'000},
                                           {"92233720368547758.07", std::numeric_limits<std::int64_t>::max()}})
    EXPECT_EQ(parse_decimal_money(text), money{hundredths}) << text;
}

TEST(decimal_money, anything_else_is_absent) {
  for (const std::string text : {"",
                                 ".",
                                 "1.",
                                 ".5",
                                 "1..0",
                                 "1.0.0",
                                 "-1",
                                 "+1",
                                 "1e2",
                                 "1E2",
                                 "0x10",
                                 "1,250.00",
                                 " 1",
                                 "1 ",
                                 "1.001",
                                 "1.009",
                                 "1.0000001",
                                 "1250.005",
                                 "BDT 1",
                                 "nan",
                                 "inf",
                                 "1.-1",
                                 "92233720368547758.08",
                                 "99999999999999999999",
                                 "\xd9\xa1"})
    EXPECT_FALSE(parse_decimal_money(text)) << text;
  EXPECT_FALSE(parse_decimal_money(std::string_view("1\0", 2)));
}

TEST(decimal_money, what_is_written_is_read_again) {
  EXPECT_EQ(to_decimal(money{0}), "0.00");
  EXPECT_EQ(to_decimal(money{5}), "0.05");
  EXPECT_EQ(to_decimal(money{125'050}), "1250.50");
  for (std::int64_t hundredths = 0; hundredths < 100'000; hundredths += 7)
    EXPECT_EQ(parse_decimal_money(to_decimal(money{hundredths})), money{hundredths});
}

TEST(gateway_amount, range_is_exact) {
  EXPECT_EQ(check_gateway_amount(money{9'99}).error(), errc::unprocessable);
  EXPECT_TRUE(check_gateway_amount(money{10'00}));
  EXPECT_TRUE(check_gateway_amount(money{500'000'00}));
  EXPECT_EQ(check_gateway_amount(money{500'000'01}).error(), errc::unprocessable);
  EXPECT_EQ(check_gateway_amount(money{-10'00}).error(), errc::unprocessable);
}

}  // namespace
}  // namespace bookings
