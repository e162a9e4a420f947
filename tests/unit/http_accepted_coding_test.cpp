#include "server/http/accepted_coding.hpp"

#include <gtest/gtest.h>

namespace bookings::http {
namespace {

TEST(accepts_coding, coding_that_is_named_is_taken) {
  for (const auto* header : {"zstd", "gzip, deflate, br, zstd", "gzip;q=0.5 , ZSTD ; q=1.0", "zstd;q=0.001", ",,zstd", "\tzstd\t"})
    EXPECT_TRUE(accepts_coding(header, "zstd")) << header;
}

TEST(accepts_coding, coding_that_is_not_named_or_refused_is_not_taken) {
  for (const auto* header : {"", "gzip, br", "*", "identity", "zstd;q=0", "zstd; q=0.000", "zstd;Q=0.", "xzstd", "zstd2", ";zstd", ",", "zs td"})
    EXPECT_FALSE(accepts_coding(header, "zstd")) << header;
}

}  // namespace
}  // namespace bookings::http
