#include "server/ops/logging.hpp"

#include "server/ops/log_text.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace bookings::ops {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::chrono::system_clock::time_point some_time{1'772'357'400'007ms};

std::string format(log_format as, std::string_view message, spdlog::level::level_enum level = spdlog::level::info) {
  spdlog::details::log_msg event(some_time, {}, "bookings", level, {message.data(), message.size()});
  spdlog::memory_buf_t line;
  make_formatter(as)->format(event, line);
  return {line.data(), line.size()};
}

TEST(log_line, text_has_time_level_and_message) {
  EXPECT_EQ(format(log_format::text, "[Redis] Connected successfully"),
            "2026-03-01T09:30:00.007Z info  [Redis] Connected successfully\n");
  EXPECT_EQ(format(log_format::text, "x", spdlog::level::warn), "2026-03-01T09:30:00.007Z warn  x\n");
  EXPECT_EQ(format(log_format::text, "x", spdlog::level::err), "2026-03-01T09:30:00.007Z error x\n");
  EXPECT_EQ(format(log_format::text, "x", spdlog::level::critical), "2026-03-01T09:30:00.007Z error x\n");
}

TEST(log_line, json_has_time_level_and_message) {
  EXPECT_EQ(format(log_format::json, "[Redis] Connected successfully"),
            R"({"time":"2026-03-01T09:30:00.007Z","level":"info","message":"[Redis] Connected successfully"})"
            "\n");
}

TEST(log_line, text_keeps_keys_as_they_are) {
  constexpr auto message = R"([Cache] HIT - bookings:user:123:role:student:query:{"status":"accepted"})"sv;
  EXPECT_NE(format(log_format::text, message).find(message), std::string::npos);
}

TEST(log_line, control_characters_never_break_a_line) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string message = "a" + std::string(1, static_cast<char>(byte)) + "b";
    for (auto as : {log_format::text, log_format::json}) {
      auto line = format(as, message);
      ASSERT_EQ(line.find('\n'), line.size() - 1) << byte;
      line.pop_back();
      for (unsigned char c : line) EXPECT_TRUE(c >= 0x20 && c != 0x7f) << byte;
    }
  }
}

TEST(log_line, text_escapes_show_what_was_there) {
  std::string line;
  append_as_text(line, "a\r\n2026-03-01 forged\t\x1b[2J\x7f \xc2\x9b \xe2\x80\xa8 \xff \xc0\xaf caf\xc3\xa9 \\n");
  EXPECT_EQ(line, R"(a\r\n2026-03-01 forged\t\x1b[2J\x7f \xc2\x9b \xe2\x80\xa8 \xff \xc0\xaf caf)"
                  "\xc3\xa9 \\n");
}

TEST(log_line, json_reads_back_as_the_message) {
  for (auto message : {"plain"sv, "quote \" and \\ backslash"sv, "a\r\n\t\x01\x1f\x7f b"sv,
                       "caf\xc3\xa9 \xf0\x9f\x98\x80"sv, "\xe2\x80\xa8 \xc2\x85"sv, "nul \0 nul"sv, ""sv}) {
    auto value = boost::json::parse(format(log_format::json, message));
    EXPECT_EQ(std::string_view(value.at("message").as_string()), message);
  }
}

TEST(log_line, json_replaces_what_is_not_utf8) {
  for (auto bytes : {"\xff"sv, "\xc3"sv, "\xc0\xaf"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv, "\xe2\x82"sv,
                     "\x80"sv}) {
    boost::system::error_code error;
    boost::json::parse(format(log_format::json, bytes), error);
    EXPECT_FALSE(error) << error.message();
    EXPECT_NE(format(log_format::json, bytes).find("\xef\xbf\xbd"), std::string::npos);
  }
}

TEST(log_level_name, text_and_back) {
  for (auto name : {"trace", "debug", "info", "warn", "error", "off"}) {
    ASSERT_TRUE(parse_log_level(name)) << name;
    EXPECT_EQ(to_text(*parse_log_level(name)), name);
  }
  for (auto name : {"", "INFO", "verbose", "warning"}) EXPECT_FALSE(parse_log_level(name)) << name;
}

// Logging to a file that the test reads back.
class logging : public testing::Test {
 protected:
  ~logging() override {
    stop_logging();
    std::fclose(file_);
  }
  std::string written() {
    flush_logs();
    return read();
  }
  std::string read() {
    std::string text(1 << 16, '\0');
    auto size = ::pread(::fileno(file_), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  std::FILE* file_ = std::tmpfile();
};

TEST_F(logging, lines_below_the_level_are_not_written) {
  start_logging(log_level::warn, log_format::text, file_);
  spdlog::info("low");
  spdlog::warn("high");
  EXPECT_EQ(written().find("low"), std::string::npos);
  EXPECT_NE(written().find("warn  high\n"), std::string::npos);
}

TEST_F(logging, warning_is_flushed_at_once) {
  start_logging(log_level::debug, log_format::text, file_);
  spdlog::warn("now");
  EXPECT_NE(read().find("now"), std::string::npos);
}

TEST_F(logging, set_level_changes_what_is_written) {
  start_logging(log_level::info, log_format::text, file_);
  spdlog::debug("before");
  EXPECT_TRUE(set_level("debug"));
  spdlog::debug("after");
  EXPECT_FALSE(set_level("loud"));
  spdlog::debug("still");
  EXPECT_EQ(written().find("before"), std::string::npos);
  EXPECT_NE(written().find("after"), std::string::npos);
  EXPECT_NE(written().find("still"), std::string::npos);
}

TEST_F(logging, line_after_the_end_goes_nowhere) {
  start_logging(log_level::info, log_format::text, file_);
  stop_logging();
  spdlog::error("late");
  EXPECT_TRUE(set_level("info"));
  EXPECT_EQ(written(), "");
}

TEST_F(logging, limited_log_writes_one_line_an_interval) {
  start_logging(log_level::info, log_format::text, file_);
  std::chrono::steady_clock::time_point now{};
  limited_log limited(5s, [&] { return now; });
  EXPECT_TRUE(limited.log(log_level::warn, "away {0}"));
  for (int i = 0; i < 12; ++i) EXPECT_FALSE(limited.log(log_level::warn, "away"));
  now += 5s - 1ms;
  EXPECT_FALSE(limited.log(log_level::warn, "away"));
  now += 1ms;
  EXPECT_TRUE(limited.log(log_level::warn, "away again"));
  now += 5s;
  EXPECT_TRUE(limited.log(log_level::warn, "the last"));
  EXPECT_EQ(limited.suppressed(), 13u);
  auto text = written();
  EXPECT_NE(text.find("warn  away {0}\n"), std::string::npos) << text;
  EXPECT_NE(text.find("warn  away again (13 more suppressed)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("warn  the last\n"), std::string::npos) << text;
}

TEST_F(logging, limited_log_on_many_threads_writes_one_line) {
  start_logging(log_level::info, log_format::text, file_);
  limited_log limited(1h, [] { return std::chrono::steady_clock::time_point{}; });
  std::atomic<int> written_lines = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int j = 0; j < 100; ++j) written_lines += limited.log(log_level::info, "x");
      });
  }
  EXPECT_EQ(written_lines, 1);
  EXPECT_EQ(limited.suppressed(), 399u);
}

}  // namespace
}  // namespace bookings::ops
