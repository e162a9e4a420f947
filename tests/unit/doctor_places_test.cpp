#include "server/ops/doctor_places.hpp"

#include <gtest/gtest.h>

namespace bookings::ops {
namespace {

using answer = reprise::redis_answer;
using kind = answer::kind;

answer text(std::string words) { return {kind::text, std::move(words), {}}; }
answer list(std::vector<answer> items) { return {kind::list, {}, std::move(items)}; }
answer range(const char* first, const char* last, std::string host, const char* port) {
  return list({text(first), text(last), list({text(std::move(host)), text(port), text("id")})});
}

TEST(doctor_slots, are_read_with_their_masters) {
  const auto seen = read_slots(list({range("0", "5460", "10.0.0.1", "7000"), range("5461", "16000", "", "7001"),
                                     range("16001", "16383", "10.0.0.1", "7000")}),
                               "asked.example");
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(*seen, (cluster_seen{{{"10.0.0.1", 7000}, {"asked.example", 7001}}, 16384}));
  EXPECT_EQ(judge_slots(*seen).is, verdict::good);
}

TEST(doctor_slots, without_a_master_are_bad) {
  EXPECT_EQ(judge_slots({{{"a", 1}}, 16383}).is, verdict::bad);
  EXPECT_NE(judge_slots({{{"a", 1}}, 16383}).seen.find("1 of 16384 slots"), std::string::npos);
  EXPECT_EQ(judge_slots({}).is, verdict::bad);
}

TEST(doctor_slots, of_anything_else_are_none) {
  EXPECT_FALSE(read_slots(text("OK"), "h").has_value());
  EXPECT_FALSE(read_slots({kind::refusal, "ERR This instance has cluster support disabled", {}}, "h").has_value());
  for (const auto& wrong :
       {list({text("0")}), range("0", "16384", "h", "1"), range("5", "4", "h", "1"), range("-1", "4", "h", "1"),
        range("0", "4", "h", "70000"), range("x", "4", "h", "1"), list({text("0"), text("1"), list({text("h")})})})
    EXPECT_FALSE(read_slots(list({wrong}), "h").has_value());
}

}  // namespace
}  // namespace bookings::ops
