#include "src/core/compression.hpp"

#include "reprise/encoding.hpp"
#include "src/core/entry_format.hpp"

#include <gtest/gtest.h>

#include <zstd.h>

#include <random>

namespace reprise::core {
namespace {

std::string list_of(int rows) {
  std::string body = "{\"success\":true,\"data\":[";
  for (int i = 0; i < rows; ++i) body += (i > 0 ? "," : "") + ("{\"id\":" + std::to_string(1000 + i)) + ",\"status\":\"accepted\"}";
  return body + "]}";
}

std::string noise(std::size_t bytes) {
  std::mt19937 random(1);
  std::string text(bytes, '\0');
  for (auto& each : text) each = static_cast<char>(random());
  return text;
}

TEST(compression, body_comes_back_as_it_was) {
  for (const int rows : {4, 100, 20'000}) {
    const auto body = list_of(rows);
    const auto compressed = compress_body(body);
    ASSERT_TRUE(compressed);
    EXPECT_LT(compressed->size(), body.size());
    EXPECT_EQ(plain_bytes(*compressed), body.size());
    EXPECT_EQ(decompress_body(*compressed, body.size()), body);
  }
}

TEST(compression, body_that_would_not_be_smaller_is_left_as_it_is) {
  EXPECT_FALSE(compress_body(""));
  EXPECT_FALSE(compress_body("{}"));
  EXPECT_FALSE(compress_body(noise(5000)));
}

TEST(compression, something_else_can_stand_in_the_place_of_the_first_byte) {
  const auto body = list_of(100);
  const auto compressed = *compress_body(body);
  const auto spliced = zstd_frame("{\"cached\":true,") + compressed.substr(zstd_first_frame_bytes);
  std::string plain(body.size() + 100, '\0');
  plain.resize(ZSTD_decompress(plain.data(), plain.size(), spliced.data(), spliced.size()));
  EXPECT_EQ(plain, "{\"cached\":true," + body.substr(1));
}

TEST(compression, frame_of_any_short_text_is_one_that_zstd_reads) {
  for (const std::size_t size : {0u, 1u, 15u, 32u, 255u}) {
    const auto text = noise(size);
    const auto frame = zstd_frame(text);
    std::string plain(300, '\0');
    const auto got = ZSTD_decompress(plain.data(), plain.size(), frame.data(), frame.size());
    ASSERT_FALSE(ZSTD_isError(got)) << size;
    EXPECT_EQ(plain.substr(0, got), text);
  }
  EXPECT_EQ(zstd_frame("{").size(), zstd_first_frame_bytes);
  EXPECT_THROW(zstd_frame(std::string(256, 'x')), std::invalid_argument);
}

TEST(compression, bomb_is_refused_before_memory_is_taken) {
  const auto bomb = *compress_body(std::string(50'000'000, 'x'));
  EXPECT_LT(bomb.size(), 10'000u);
  EXPECT_FALSE(decompress_body(bomb, 49'999'999));
  // One that says less than it holds.
  auto liar = *compress_body(std::string(1000, 'x'));
  const auto honest = *compress_body(std::string(900, 'x'));
  const auto size_at = zstd_first_frame_bytes + 5;
  liar.replace(size_at, 2, honest.substr(size_at, 2));
  ASSERT_EQ(plain_bytes(liar), 900u);
  EXPECT_FALSE(decompress_body(liar, 1'000'000));
}

TEST(compression, broken_bytes_are_refused_and_never_crash) {
  std::mt19937 random(1);
  const auto body = list_of(100);
  const auto good = *compress_body(body);
  EXPECT_FALSE(decompress_body("", 1000));
  for (std::size_t end = 0; end < good.size(); ++end) EXPECT_FALSE(decompress_body(std::string_view(good).substr(0, end), 1'000'000));
  EXPECT_FALSE(decompress_body(good + "x", 1'000'000));
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto plain = decompress_body(bytes, 1'000'000);
    EXPECT_TRUE(!plain || plain->size() <= 1'000'000);
  }
}

TEST(compression, entry_says_its_encoding_and_how_large_it_is_in_plain) {
  const auto body = list_of(100);
  const auto compressed = *compress_body(body);
  const entry_header header{"stamp.0.abc", {}, {}, 200, "0123456789abcdef", "application/json", encoding::zstd};
  const auto bytes = *encode_entry(header, compressed);
  const auto entry = decode_entry(bytes);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->header.encoding, encoding::zstd);
  EXPECT_EQ(entry->body, compressed);
  EXPECT_EQ(entry->plain_bytes, body.size());
  EXPECT_FALSE(decode_entry(*encode_entry(header, "not zstd at all")));
}

}  // namespace
}  // namespace reprise::core
