// How values of configuration variables are read: numbers, sizes, durations, hosts, lists, URLs. Pure functions; which
// variable takes what stands in server/config_table.cpp.
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

// What is wrong with a value, in words that follow it: "is not a whole number". It never repeats any part of a value that
// may be a secret.
struct problem {
  std::string what;
};

// Called by boost::system::result where somebody takes a value that is not there.
[[noreturn]] inline void throw_exception_from_error(const problem& wrong, const boost::source_location& /*where*/) {
  throw std::logic_error("a value was taken that " + wrong.what);
}

template <class T>
using parsed = boost::system::result<T, problem>;

// Decimal digits alone: no sign, space or unit.
parsed<std::int64_t> parse_whole_number(std::string_view text, std::int64_t least, std::int64_t most);

// A number of bytes: digits with an optional unit, "65536", "64MiB", "2 GB". B, KiB, MiB, GiB count in 1024, KB, MB, GB
// in 1000, in any case.
parsed<std::uint64_t> parse_size_bytes(std::string_view text, std::uint64_t most);

// Digits with an optional unit s, m, h or d; seconds where there is none: "7d", "12h", "30m", "45s", "600".
parsed<std::chrono::seconds> parse_duration(std::string_view text, std::chrono::seconds least,
                                            std::chrono::seconds most);

// An IPv4 or IPv6 address without brackets, or a host name (RFC 1123 section 2.1, with underscores, which container
// networks use).
bool is_host(std::string_view text);

// No control character, and within the length: what a password or a token may be.
bool is_plain_text(std::string_view text, std::size_t least_bytes, std::size_t most_bytes) noexcept;

struct host_port {
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;
  friend bool operator==(const host_port&, const host_port&) = default;
};

// "host", "host:port", "1.2.3.4:port", "[::1]:port".
parsed<host_port> parse_host_port(std::string_view text, std::uint16_t default_port);

// The pieces between commas, without the spaces around them. An empty piece is a problem.
parsed<std::vector<std::string>> parse_list(std::string_view text);

struct http_url {
  bool is_secure = false;  // https
  host_port authority;
  std::string path;        // empty, or from its first slash on
};

// http:// or https://, without user, query and fragment.
parsed<http_url> parse_http_url(std::string_view text);

// As parse_http_url(), but http:// for this machine alone: what carries money or passwords.
parsed<http_url> parse_secure_url(std::string_view text);

// "%40" -> "@" (RFC 3986 section 2.1). Absent where a "%" is not followed by two hex digits, or names a NUL.
std::optional<std::string> decode_percent(std::string_view text);

}  // namespace bookings
