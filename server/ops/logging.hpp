// Logs: one line an event on the standard output, through spdlog's default logger. After start_logging() anybody logs
// with spdlog::info("[Cache] …", …); spdlog::drop and friends are for nobody.
//
//   text  2026-03-01T09:30:00.000Z info  [Redis] Connected successfully
//   json  {"time":"2026-03-01T09:30:00.000Z","level":"info","message":"[Redis] Connected successfully"}
//
// Whatever a message contains stays on its line: control characters and what is not UTF-8 are written as escapes, so
// that no client can forge a line or send a terminal its commands. No password, token or personal text belongs in any
// message.
#pragma once

#include <spdlog/formatter.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace bookings::ops {

enum class log_level { trace, debug, info, warn, error, off };
enum class log_format { text, json };

std::string_view to_text(log_level value) noexcept;
std::optional<log_level> parse_log_level(std::string_view text) noexcept;
std::optional<log_format> parse_log_format(std::string_view text) noexcept;

// Makes spdlog's default logger one that writes to `output`, which must stay open until stop_logging(). Lines at warn
// and above are flushed at once, others within a second. Call it once, at the start; not thread-safe.
void start_logging(log_level level, log_format format, std::FILE* output = stdout);

// Flushes, and ends the logger and the thread that flushes; later lines go nowhere. Not thread-safe.
void stop_logging();

// Thread-safe. False, and nothing changes, where the text names no level.
bool set_level(std::string_view text);

// Writes out what is buffered: for lines that somebody waits for, such as the port that was picked. Thread-safe.
void flush_logs();

// Formats one event as one line, with its line break.
std::unique_ptr<spdlog::formatter> make_formatter(log_format format);

// Logs at most one line an interval, for what can happen on each request: a Redis that is away, a store that is slow.
// Thread-safe. The clock must be callable from any thread.
class limited_log {
 public:
  using clock = std::function<std::chrono::steady_clock::time_point()>;

  explicit limited_log(std::chrono::milliseconds interval, clock now = std::chrono::steady_clock::now);

  // True where the line was logged: with " (N more suppressed)" where N lines were not, since the last one that was.
  bool log(log_level level, std::string_view message);

  // Lines that were not logged, in all.
  std::uint64_t suppressed() const;

 private:
  const std::chrono::milliseconds interval_;
  const clock now_;
  mutable std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> last_;
  std::uint64_t suppressed_since_last_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace bookings::ops
