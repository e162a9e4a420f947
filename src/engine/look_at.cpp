// What people and tools see of the keys. Apart from the requests' way: its calls have a deadline of their own, and
// neither count for the breaker nor are stopped by it.
#include "src/core/compression.hpp"
#include "src/core/entry_format.hpp"
#include "src/engine/engine.hpp"

#include <algorithm>
#include <map>

namespace reprise {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds look_limit{1};
constexpr std::size_t largest_body =
    64 * 1024 * 1024;  // of a compressed entry, in plain: beyond it, it is not looked into

core::wall_time wall_now() { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }

// What a key is, by its name: everything before the third colon is its scope.
kept_key by_name(std::string key, key_style style) {
  kept_key found;
  std::size_t end = 0;
  for (int colons = 0; end < key.size(); ++end)
    if (key[end] == ':' && ++colons == 3) break;
  const auto stem = std::string_view(key).substr(0, end),
             rest = std::string_view(key).substr(std::min(end, key.size()));
  auto name = std::string(stem);
  if (style == key_style::hash_tagged) std::erase_if(name, [](char c) { return c == '{' || c == '}'; });
  if (const auto where = scope::parse(name); where && where->stem(style) == stem) {
    if (rest == ":gen")
      found.kind = key_kind::generation;
    else if (rest == ":keys")
      found.kind = key_kind::index;
    else if (rest.starts_with(":role:") || rest.starts_with(":query:"))
      found.kind = rest.ends_with(":fill") ? key_kind::lock : key_kind::entry;
  }
  if (found.kind != key_kind::other) found.scope = std::move(name);
  found.key = std::move(key);
  return found;
}

// Of an entry, from its first line; of a lock and a generation, from the value.
std::string generation_in(const kept_key& of, std::string_view beginning) {
  if (of.kind == key_kind::entry) {
    const auto first = beginning.find(' ');
    if (first == std::string_view::npos) return {};
    beginning.remove_prefix(first + 1);
  }
  if (of.kind == key_kind::index) return {};
  return std::string(beginning.substr(0, beginning.find(' ')));
}

// The third word of the first line.
std::optional<milliseconds> age_in(std::string_view beginning) {
  for (int word = 0; word < 2; ++word) {
    const auto space = beginning.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    beginning.remove_prefix(space + 1);
  }
  const auto digits = beginning.substr(0, beginning.find(' '));
  if (digits.empty() || digits.size() > 15 ||
      !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  return wall_now().time_since_epoch() - milliseconds(std::stoll(std::string(digits)));
}

// At most that many bytes, and no half of a character.
std::string cut(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return std::string(text);
  while (most_bytes > 0 && (static_cast<unsigned char>(text[most_bytes]) & 0xC0) == 0x80) --most_bytes;
  return std::string(text.substr(0, most_bytes));
}

// Of a prefix or a scope; empty where it is neither.
std::string pattern_of(const std::string& of, key_style style) {
  if (is_valid_name(of)) return escape_pattern(of) + ":*";
  const auto where = scope::parse(of);
  return where ? escape_pattern(where->stem(style)) + ":*" : std::string();
}

}  // namespace

auto response_cache::impl::keys(std::string of, std::string cursor, std::size_t count) -> awaitable<result<kept_keys>> {
  const auto self = shared_from_this();
  const auto pattern = pattern_of(of, keys_);
  if (pattern.empty()) co_return errc::invalid_name;
  if (!backend_) co_return errc::unavailable;
  auto page = co_await backend_->scan(std::move(cursor), pattern, count, look_limit);
  if (!page) co_return page.error();
  kept_keys found;
  found.next = std::move(page->next);
  std::vector<std::string> generations;
  for (auto& each : page->keys) {
    auto one = by_name(std::move(each.key), keys_);
    one.size = each.size;
    one.ttl = each.ttl;
    if (one.kind == key_kind::entry) one.age = age_in(each.beginning);
    generations.push_back(generation_in(one, each.beginning));
    found.keys.push_back(std::move(one));
  }
  const auto judged = co_await judge_states(found.keys, generations);
  if (!judged) co_return judged.error();
  co_return found;
}

// `generations`: of each key, what it carries.
auto response_cache::impl::judge_states(std::vector<kept_key>& keys, const std::vector<std::string>& generations)
    -> awaitable<result<void>> {
  const auto ticket = trust_.current(world_->now());
  if (!ticket) co_return result<void>();
  std::map<std::string, std::size_t> slot_of;  // by scope
  std::vector<std::string> names;
  for (const auto& each : keys)
    if (!each.scope.empty() && slot_of.emplace(each.scope, names.size()).second)
      names.push_back(scope::parse(each.scope)->generation_key(keys_));
  std::vector<backend::slot> slots;
  for (const auto& name : names) slots.push_back({name});
  if (!slots.empty()) {
    const auto read = co_await backend_->read(slots, look_limit);
    if (!read) co_return read.error();
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& each = keys[i];
    if (each.scope.empty()) continue;
    const auto& present = slots[slot_of[each.scope]].found;
    const auto prefix = std::string_view(each.scope).substr(0, each.scope.find(':'));
    const bool is_ours = present && present->text.starts_with(ticket->of(prefix));
    const bool is_same = each.kind == key_kind::index || (present && present->text == generations[i]);
    each.state = is_ours && is_same ? key_state::current : key_state::dead;
  }
  co_return result<void>();
}

auto response_cache::impl::entry(std::string key, std::size_t most_bytes)
    -> awaitable<result<std::optional<kept_entry>>> {
  const auto self = shared_from_this();
  kept_entry found;
  found.facts = by_name(key, keys_);
  if (found.facts.kind != key_kind::entry) co_return errc::invalid_name;
  if (!backend_) co_return errc::unavailable;
  const auto text = co_await backend_->get(key, look_limit);
  if (!text) co_return text.error();
  if (!*text) co_return std::optional<kept_entry>();
  const auto decoded = core::decode_entry(**text);
  if (!decoded) co_return errc::bad_reply;
  const auto& head = decoded->header;
  found.generation = head.generation;
  found.status = head.status;
  found.tag = head.etag;
  found.content_type = head.content_type;
  found.is_compressed = head.encoding == encoding::zstd;
  found.fresh_for = head.fresh_until - wall_now();
  found.facts.size = (*text)->size();
  found.facts.age = wall_now() - head.created;
  found.body_bytes = decoded->plain_bytes;
  if (found.is_compressed) {
    const auto plain = core::decompress_body(decoded->body, largest_body);
    if (!plain) co_return errc::bad_reply;
    found.body = cut(*plain, most_bytes);
  } else {
    found.body = cut(decoded->body, most_bytes);
  }
  found.is_cut = found.body.size() < found.body_bytes;
  std::vector<kept_key> one{found.facts};
  const std::vector<std::string> generations{found.generation};
  const auto judged = co_await judge_states(one, generations);
  if (judged) found.facts = std::move(one.front());
  co_return std::optional<kept_entry>(std::move(found));
}

}  // namespace reprise
