#include "reprise/trace.hpp"

#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <algorithm>
#include <cstring>
#include <random>

namespace reprise {
namespace {

namespace asio = boost::asio;

// Forwards all to `inner`; only that it knows of the trace is its own.
struct traced_executor {
  asio::any_io_executor inner;
  std::shared_ptr<trace> of;

  template <class Property>
    requires asio::can_query_v<const asio::any_io_executor&, Property>
  decltype(auto) query(const Property& what) const {
    return asio::query(inner, what);
  }
  template <class Property>
    requires asio::can_require_v<const asio::any_io_executor&, Property>
  traced_executor require(const Property& what) const {
    return {asio::require(inner, what), of};
  }
  template <class Property>
    requires asio::can_prefer_v<const asio::any_io_executor&, Property>
  traced_executor prefer(const Property& what) const {
    return {asio::prefer(inner, what), of};
  }
  template <class F>
  void execute(F&& f) const {
    inner.execute(std::forward<F>(f));
  }
  bool operator==(const traced_executor& other) const noexcept { return inner == other.inner && of == other.of; }
};

template <std::size_t N>
std::string hex(const std::array<std::uint8_t, N>& bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * N);
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

// Lower case alone: so the format has it.
int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <std::size_t N>
bool read_hex(std::string_view text, std::array<std::uint8_t, N>& bytes) noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    const int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

template <std::size_t N>
bool is_zero(const std::array<std::uint8_t, N>& bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// Not secret, and unique for all purposes of a trace.
template <std::size_t N>
std::array<std::uint8_t, N> draw() {
  thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  std::array<std::uint8_t, N> bytes;
  do {
    for (std::size_t at = 0; at < N; at += 8) {
      const std::uint64_t some = random();
      std::memcpy(bytes.data() + at, &some, 8);
    }
  } while (is_zero(bytes));
  return bytes;
}

constexpr std::size_t traceparent_size = 55;  // "00-" 32 digits "-" 16 "-" 2
constexpr std::uint8_t sampled_flag = 1;

}  // namespace

std::optional<trace_parent> parse_traceparent(std::string_view text) noexcept {
  if (text.size() < traceparent_size || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::array<std::uint8_t, 1> version, flags;
  trace_parent found;
  if (!read_hex(text.substr(0), version) || !read_hex(text.substr(3), found.trace) ||
      !read_hex(text.substr(36), found.span) || !read_hex(text.substr(53), flags))
    return std::nullopt;
  if (version[0] == 0xff || is_zero(found.trace) || is_zero(found.span)) return std::nullopt;
  const bool has_more = text.size() > traceparent_size;
  if (has_more && (version[0] == 0 || text[traceparent_size] != '-')) return std::nullopt;
  found.is_sampled = (flags[0] & sampled_flag) != 0;
  return found;
}

std::string to_traceparent(const trace_parent& from) {
  return "00-" + hex(from.trace) + '-' + hex(from.span) + (from.is_sampled ? "-01" : "-00");
}

trace_parent make_trace(bool is_sampled) { return {draw<16>(), {}, is_sampled, {}}; }

std::string to_hex(const trace_id& id) { return hex(id); }
std::string to_hex(const span_id& id) { return hex(id); }

asio::any_io_executor traced(asio::any_io_executor inner, std::shared_ptr<trace> of) {
  if (!of) return inner;
  return traced_executor{std::move(inner), std::move(of)};
}

asio::any_io_executor beside(const asio::any_io_executor& executor) {
  const auto* found = executor.target<traced_executor>();
  return found != nullptr ? traced(found->inner, std::make_shared<trace>(*found->of)) : executor;
}

std::shared_ptr<trace> trace_of(const asio::any_io_executor& executor) noexcept {
  const auto* found = executor.target<traced_executor>();
  return found != nullptr ? found->of : nullptr;
}

span::span(const asio::any_io_executor& executor, std::string_view name, span_kind kind)
    : span(trace_of(executor), name, kind) {}

span::span(std::shared_ptr<trace> of, std::string_view name, span_kind kind) {
  if (!of || !of->is_recorded()) return;
  of_ = std::move(of);
  here_.as = of_->now_;
  here_.parent = std::exchange(of_->now_.span, draw<8>());
  here_.as.span = of_->now_.span;
  here_.name = name;
  here_.kind = kind;
  here_.began = std::chrono::system_clock::now();
  began_ = std::chrono::steady_clock::now();
}

span::~span() {
  if (!of_) return;
  here_.took = std::chrono::steady_clock::now() - began_;
  of_->now_.span = here_.parent;
  of_->to_->record(std::move(here_));
}

void span::rename(std::string name) {
  if (of_) here_.name = std::move(name);
}

void span::set(std::string_view name, span_value value) {
  if (of_) here_.values.emplace_back(name, std::move(value));
}

void span::fail() noexcept { here_.has_failed = true; }

}  // namespace reprise
