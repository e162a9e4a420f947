#include "server/dotenv.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>

namespace bookings {
namespace {

using namespace std::string_view_literals;

// The one value of a text that has one and no error.
std::string value_of(std::string_view line) {
  auto found = parse_dotenv(line, ".env");
  EXPECT_TRUE(found.errors.empty()) << line << ": " << (found.errors.empty() ? "" : found.errors.front());
  EXPECT_EQ(found.values.size(), 1u) << line;
  return found.values.empty() ? "" : found.values.begin()->second;
}

TEST(dotenv, bare_value_ends_at_the_line_or_a_comment) {
  EXPECT_EQ(value_of("KEY=value"), "value");
  EXPECT_EQ(value_of("KEY=value\n"), "value");
  EXPECT_EQ(value_of("KEY=value\r\n"), "value");
  EXPECT_EQ(value_of("  KEY= value  "), "value");
  EXPECT_EQ(value_of("KEY=two words # a comment"), "two words");
  EXPECT_EQ(value_of("KEY=va#lue"), "va#lue");
  EXPECT_EQ(value_of("KEY=# a comment"), "");
  EXPECT_EQ(value_of("KEY="), "");
  EXPECT_EQ(value_of("KEY=a=b"), "a=b");
  EXPECT_EQ(value_of("KEY=$HOME\\n"), "$HOME\\n");
  EXPECT_EQ(value_of("KEY=it's"), "it's");
}

TEST(dotenv, single_quotes_keep_all) {
  EXPECT_EQ(value_of(R"(KEY='a # "b" \n $c ')"), R"(a # "b" \n $c )");
  EXPECT_EQ(value_of("KEY='' # none"), "");
}

TEST(dotenv, double_quotes_take_escapes) {
  EXPECT_EQ(value_of(R"(KEY="a\tb\n\r\"\\\$\' # c")"), "a\tb\n\r\"\\$' # c");
  EXPECT_EQ(value_of("KEY=\"value\"\t# comment"), "value");
}

TEST(dotenv, export_and_comments_are_taken) {
  auto found = parse_dotenv("\xEF\xBB\xBF# first\n\nexport A=1\n  # second\nexport\tB='2'\nexportC=3\n", ".env");
  EXPECT_TRUE(found.errors.empty());
  EXPECT_EQ(found.values, (std::map<std::string, std::string>{{"A", "1"}, {"B", "2"}, {"exportC", "3"}}));
}

TEST(dotenv, bad_line_names_file_and_line) {
  for (auto line : {"just words"sv, "KEY"sv, "=value"sv, "1KEY=value"sv, "KE-Y=value"sv, "KEY =value"sv, "KEY: value"sv,
                    "KEY='open"sv, "KEY=\"open"sv, "KEY=\"open\\\""sv, "KEY='a'b"sv, "KEY='a'# b"sv, "KEY=\"\\x41\""sv,
                    "KEY=a\0b"sv, "KEY=a\x1b[2J"sv, "export"sv, "export KEY"sv, "A=2"sv}) {
    auto found = parse_dotenv("A=1\n\n" + std::string(line) + "\nLAST=3\n", "conf/.env");
    ASSERT_EQ(found.errors.size(), 1u) << line;
    EXPECT_TRUE(found.errors[0].starts_with("conf/.env:3: ")) << found.errors[0];
    EXPECT_EQ(found.values, (std::map<std::string, std::string>{{"A", "1"}, {"LAST", "3"}})) << line;
  }
}

TEST(dotenv, error_never_repeats_a_value) {
  for (std::string_view line : {"KEY='hunter2", "KEY hunter2", "KEY='x'hunter2", "KEY=\"\\qhunter2\"", "KEY =hunter2",
                                "-KEY=hunter2"}) {
    auto found = parse_dotenv(line, ".env");
    ASSERT_EQ(found.errors.size(), 1u) << line;
    EXPECT_EQ(found.errors[0].find("hunter2"), std::string::npos) << found.errors[0];
  }
}

TEST(dotenv, all_bad_lines_are_reported) {
  auto found = parse_dotenv("a b\nA=1\nc d\ne f", ".env");
  ASSERT_EQ(found.errors.size(), 3u);
  EXPECT_TRUE(found.errors[2].starts_with(".env:4: "));
}

class dotenv_file : public testing::Test {
 protected:
  dotenv_file() { std::filesystem::create_directory(folder_); }
  ~dotenv_file() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("dotenv_test_" + std::to_string(std::random_device()()));
};

TEST_F(dotenv_file, missing_file_is_no_error) {
  auto found = read_dotenv(folder_ / ".env");
  EXPECT_TRUE(found.values.empty());
  EXPECT_TRUE(found.errors.empty());
}

TEST_F(dotenv_file, file_is_read) {
  std::ofstream(folder_ / ".env") << "A=1\nB='two words'";
  auto found = read_dotenv(folder_ / ".env");
  EXPECT_EQ(found.values, (std::map<std::string, std::string>{{"A", "1"}, {"B", "two words"}}));
}

TEST_F(dotenv_file, directory_is_an_error) { EXPECT_EQ(read_dotenv(folder_).errors.size(), 1u); }

TEST_F(dotenv_file, huge_file_is_an_error) {
  std::ofstream(folder_ / ".env") << std::string(2 << 20, '#');
  EXPECT_EQ(read_dotenv(folder_ / ".env").errors.size(), 1u);
}

}  // namespace
}  // namespace bookings
