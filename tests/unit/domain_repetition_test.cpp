#include "server/domain/repetition.hpp"

#include <gtest/gtest.h>

namespace bookings {
namespace {

TEST(repetition, keys_are_1_to_255_printable_ascii_characters) {
  for (const auto& good : {std::string("k"), std::string(255, '~'), std::string("a key"), std::string("8e03978e-40d5-43dd")})
    EXPECT_TRUE(is_repetition_key(good)) << good;
  for (const auto& bad : {std::string(), std::string(256, 'a'), std::string("a\tb"), std::string("é"), std::string("a\0b", 3),
                          std::string("\x7f"), std::string("a\n")})
    EXPECT_FALSE(is_repetition_key(bad)) << bad;
}

TEST(repetition, fingerprints_tell_bodies_apart) {
  EXPECT_EQ(fingerprint_of("{}"), fingerprint_of("{}"));
  EXPECT_NE(fingerprint_of("{}"), fingerprint_of("{ }"));
  EXPECT_NE(fingerprint_of(""), fingerprint_of(std::string(1, '\0')));
  EXPECT_EQ(fingerprint_of("").size(), 64u);
}

}  // namespace
}  // namespace bookings
