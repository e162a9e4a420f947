#include "src/backends/redis/keyspace.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace reprise::redis {
namespace {

using kind = backend::key_facts::kind;
using std::chrono::milliseconds;

constexpr int scan_count = 500;

result<void> fill_in(const connection::reply::value_type& sizes, std::vector<backend::key_facts>& keys) {
  std::size_t at = 0;
  for (auto& each : keys) {
    if (each.what == kind::other) continue;
    const std::size_t wanted = each.what == kind::text ? 2 : 1;
    if (sizes.size() < at + wanted) return errc::bad_reply;
    const auto size = sizes.at(at).value;
    std::from_chars(size.data(), size.data() + size.size(), each.size);
    if (wanted == 2) each.beginning = sizes.at(at + 1).value;
    at += wanted;
  }
  std::erase_if(keys, [](const backend::key_facts& each) { return each.what != kind::other && each.size == 0; });
  return {};
}

// What scan() tells of its keys beyond their names, in two round trips; those that are gone by now are left out.
call<void> describe(std::shared_ptr<connection> wire, std::vector<backend::key_facts>& keys, deadline limit) {
  if (keys.empty()) co_return result<void>();
  auto first = new_request();
  for (const auto& each : keys) {
    first.push("TYPE", each.key);
    first.push("PTTL", each.key);
  }
  const auto types = co_await send(wire, first, limit);
  if (!types) co_return types.error();
  if (types->value().size() != keys.size() * 2) co_return errc::bad_reply;
  auto second = new_request();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& each = keys[i];
    const auto type = types->value().at(i * 2).value, ttl = types->value().at(i * 2 + 1).value;
    std::int64_t left = -1;
    std::from_chars(ttl.data(), ttl.data() + ttl.size(), left);
    if (left >= 0) each.ttl = milliseconds(left);
    each.what = type == "string" ? kind::text : type == "zset" ? kind::index : kind::other;
    if (type == "none") each.key.clear();
    if (type == "string") {
      second.push("STRLEN", each.key);
      second.push("GETRANGE", each.key, 0, backend::most_beginning_bytes - 1);
    } else if (type == "zset") {
      second.push("ZCARD", each.key);
    }
  }
  std::erase_if(keys, [](const backend::key_facts& each) { return each.key.empty(); });
  if (std::all_of(keys.begin(), keys.end(), [](const backend::key_facts& each) { return each.what == kind::other; }))
    co_return result<void>();
  const auto sizes = co_await send(wire, second, limit);
  if (!sizes) co_return sizes.error();
  co_return fill_in(sizes->value(), keys);
}

}  // namespace

call<std::size_t> remove_matching(std::shared_ptr<connection> wire, const std::string& pattern, deadline limit) {
  std::size_t removed = 0;
  std::string cursor = "0";
  do {
    auto scan = new_request();
    scan.push("SCAN", cursor, "MATCH", pattern, "COUNT", scan_count);
    const auto page = co_await send(wire, scan, limit);
    if (!page) co_return page.error();
    const auto& nodes = page->value();  // [cursor, [key …]]
    if (nodes.size() < 3) co_return errc::bad_reply;
    cursor = nodes.at(1).value;
    keys_of_one keys;
    for (std::size_t i = 3; i < nodes.size(); ++i) keys.push_back(nodes.at(i).value);
    const auto count = co_await unlink(wire, std::move(keys), limit, purpose::tidiness);
    if (!count) co_return count.error();
    removed += *count;
  } while (cursor != "0");
  co_return removed;
}

std::optional<scan_cursor> read_cursor(std::string_view text) {
  scan_cursor cursor;
  if (text.empty()) return cursor;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor.master);
  const auto colon = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || colon >= text.size() || text[colon] != ':') return std::nullopt;
  cursor.within = text.substr(colon + 1);
  const bool is_number = cursor.within.find_first_not_of("0123456789") == std::string::npos;
  if (cursor.within.empty() || cursor.within.size() > 20 || !is_number) return std::nullopt;
  return cursor;
}

call<backend::key_page> scan_master(std::shared_ptr<connection> wire, const scan_cursor& from, std::size_t masters,
                                    const std::string& pattern, std::size_t count, deadline limit) {
  auto look = new_request();
  look.push("SCAN", from.within, "MATCH", pattern, "COUNT", count);
  const auto found = co_await send(wire, look, limit);
  if (!found) co_return found.error();
  const auto& nodes = found->value();  // [cursor, [key …]]
  if (nodes.size() < 3) co_return errc::bad_reply;
  backend::key_page page;
  if (nodes.at(1).value != "0")
    page.next = std::to_string(from.master) + ":" + std::string(nodes.at(1).value);
  else if (from.master + 1 < masters)
    page.next = std::to_string(from.master + 1) + ":0";
  for (std::size_t i = 3; i < nodes.size(); ++i) page.keys.emplace_back().key = nodes.at(i).value;
  const auto described = co_await describe(wire, page.keys, limit);
  if (!described) co_return described.error();
  co_return page;
}

}  // namespace reprise::redis
