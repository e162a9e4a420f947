#include "server/ops/logging.hpp"

#include "server/ops/log_text.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <string>
#include <utility>

namespace bookings::ops {
namespace {

constexpr std::array<std::pair<log_level, std::string_view>, 6> levels{{{log_level::trace, "trace"},
                                                                        {log_level::debug, "debug"},
                                                                        {log_level::info, "info"},
                                                                        {log_level::warn, "warn"},
                                                                        {log_level::error, "error"},
                                                                        {log_level::off, "off"}}};

spdlog::level::level_enum to_spdlog(log_level value) noexcept {
  switch (value) {
    case log_level::trace: return spdlog::level::trace;
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warn: return spdlog::level::warn;
    case log_level::error: return spdlog::level::err;
    case log_level::off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::string_view name_of(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::trace: return "trace";
    case spdlog::level::debug: return "debug";
    case spdlog::level::info: return "info";
    case spdlog::level::warn: return "warn";
    default: return "error";
  }
}

void append(spdlog::memory_buf_t& line, std::string_view text) { line.append(text.data(), text.data() + text.size()); }

class line_formatter final : public spdlog::formatter {
 public:
  explicit line_formatter(log_format format) : format_(format) {}

  void format(const spdlog::details::log_msg& event, spdlog::memory_buf_t& line) override {
    auto level = name_of(event.level);
    std::string_view message(event.payload.data(), event.payload.size());
    text_.clear();
    if (format_ == log_format::text) {
      append_time(text_, event.time);
      text_ += ' ';
      text_ += level;
      text_.append(level.size() < 5 ? 6 - level.size() : 1, ' ');
      append_as_text(text_, message);
    } else {
      text_ += R"({"time":")";
      append_time(text_, event.time);
      text_ += R"(","level":")";
      text_ += level;
      text_ += R"(","message":)";
      append_as_json(text_, message);
      text_ += '}';
    }
    text_ += '\n';
    append(line, text_);
  }

  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<line_formatter>(format_); }

 private:
  log_format format_;
  std::string text_;  // kept for its capacity: a sink formats one line at a time
};

// spdlog's own sink for the standard output flushes after each line, which at debug costs a system call a request.
class file_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit file_sink(std::FILE* output) : output_(output) {}

 private:
  void sink_it_(const spdlog::details::log_msg& event) override {
    spdlog::memory_buf_t line;
    formatter_->format(event, line);
    std::fwrite(line.data(), 1, line.size(), output_);
  }
  void flush_() override { std::fflush(output_); }

  std::FILE* output_;
};

}  // namespace

std::string_view to_text(log_level value) noexcept {
  for (const auto& [level, name] : levels)
    if (level == value) return name;
  return "";
}

std::optional<log_level> parse_log_level(std::string_view text) noexcept {
  for (const auto& [level, name] : levels)
    if (name == text) return level;
  return {};
}

std::optional<log_format> parse_log_format(std::string_view text) noexcept {
  if (text == "text") return log_format::text;
  if (text == "json") return log_format::json;
  return {};
}

void start_logging(log_level level, log_format format, std::FILE* output) {
  auto logger = std::make_shared<spdlog::logger>("bookings", std::make_shared<file_sink>(output));
  logger->set_formatter(make_formatter(format));
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  spdlog::flush_every(std::chrono::seconds(1));
}

void stop_logging() {
  flush_logs();
  spdlog::shutdown();
  // So that late lines find a logger: one without sinks.
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("stopped"));
}

bool set_level(std::string_view text) {
  auto level = parse_log_level(text);
  if (!level) return false;
  spdlog::default_logger_raw()->set_level(to_spdlog(*level));
  return true;
}

void flush_logs() { spdlog::default_logger_raw()->flush(); }

std::unique_ptr<spdlog::formatter> make_formatter(log_format format) {
  return std::make_unique<line_formatter>(format);
}

limited_log::limited_log(std::chrono::milliseconds interval, clock now) : interval_(interval), now_(std::move(now)) {}

bool limited_log::log(log_level level, std::string_view message) {
  std::uint64_t unsaid = 0;
  {
    std::lock_guard lock(mutex_);
    auto now = now_();
    if (last_ && now - *last_ < interval_) {
      ++suppressed_since_last_;
      ++suppressed_;
      return false;
    }
    last_ = now;
    unsaid = std::exchange(suppressed_since_last_, 0);
  }
  if (unsaid == 0)
    spdlog::log(to_spdlog(level), "{}", message);
  else
    spdlog::log(to_spdlog(level), "{} ({} more suppressed)", message, unsaid);
  return true;
}

std::uint64_t limited_log::suppressed() const {
  std::lock_guard lock(mutex_);
  return suppressed_;
}

}  // namespace bookings::ops
