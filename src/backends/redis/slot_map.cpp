#include "src/backends/redis/slot_map.hpp"

#include <boost/crc.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace reprise::redis {
namespace {

namespace resp3 = boost::redis::resp3;
using nodes = std::span<const resp3::node_view>;

constexpr std::size_t longest_host = 255;

template <class Number>
std::optional<Number> number(std::string_view text, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

// The nodes of the aggregate that `all` begins with: itself and its elements, with theirs.
nodes whole(nodes all) {
  std::size_t size = 1;
  while (size < all.size() && all[size].depth > all.front().depth) ++size;
  return all.first(size);
}

bool is_array(const resp3::node_view& node) { return node.data_type == resp3::type::array; }

std::optional<redis_address> read_address(std::string_view host, std::string_view port, std::string_view asked_host) {
  const auto number_of_port = number<std::uint16_t>(port, 65535);
  if (!number_of_port || *number_of_port == 0 || host.size() > longest_host) return std::nullopt;
  return redis_address{std::string(host.empty() || host == "?" ? asked_host : host), *number_of_port};
}

// One range: notes its master, and that its slots are that one's.
bool read_range(nodes range, std::string_view asked_host, slot_map& into) {
  // [first, last, [host, port, …] …]
  if (range.size() < 6 || !is_array(range[0]) || !is_array(range[3])) return false;
  const auto first = number<std::size_t>(range[1].value, slot_count - 1), last = number<std::size_t>(range[2].value, slot_count - 1);
  if (!first || !last || *first > *last) return false;
  const auto at = whole(range.subspan(3));
  if (at.size() < 3 || is_array(at[1]) || is_array(at[2])) return false;
  auto address = read_address(at[1].value, at[2].value, asked_host);
  if (!address) return false;
  const auto place = std::find(into.masters.begin(), into.masters.end(), *address) - into.masters.begin();
  if (place == static_cast<std::ptrdiff_t>(into.masters.size())) into.masters.push_back(std::move(*address));
  for (auto slot = *first; slot <= *last; ++slot) {
    if (into.owners[slot] != slot_map::nobody) return false;
    into.owners[slot] = static_cast<std::uint16_t>(place);
  }
  return true;
}

}  // namespace

std::uint16_t slot_of(std::string_view key) noexcept {
  const auto open = key.find('{');
  if (open != key.npos) {
    const auto close = key.find('}', open + 1);
    if (close != key.npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  boost::crc_optimal<16, 0x1021, 0, 0, false, false> sum;
  sum.process_bytes(key.data(), key.size());
  return static_cast<std::uint16_t>(sum.checksum() % slot_count);
}

std::string slot_map::ranges_of(std::size_t master) const {
  std::string text;
  for (std::size_t first = 0; first < slot_count; ++first) {
    if (owners[first] != master) continue;
    auto last = first;
    while (last + 1 < slot_count && owners[last + 1] == master) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last > first) text += '-' + std::to_string(last);
    first = last;
  }
  return text;
}

std::size_t slot_map::uncovered() const noexcept {
  return static_cast<std::size_t>(std::count(owners.begin(), owners.end(), nobody));
}

result<slot_map> read_slot_map(nodes answer, std::string_view asked_host) {
  if (answer.empty() || !is_array(answer.front())) return errc::bad_reply;
  slot_map map;
  for (auto left = answer.subspan(1); !left.empty();) {
    const auto range = whole(left);
    if (!read_range(range, asked_host, map)) return errc::bad_reply;
    left = left.subspan(range.size());
  }
  return map;
}

std::optional<redirect> read_redirect(std::string_view error, std::string_view asked_host) {
  const bool is_moved = error.starts_with("MOVED ");
  if (!is_moved && !error.starts_with("ASK ")) return std::nullopt;
  const auto space = error.rfind(' '), colon = error.rfind(':');  // an IPv6 address has more colons
  if (colon == error.npos || colon < space) return std::nullopt;
  auto to = read_address(error.substr(space + 1, colon - space - 1), error.substr(colon + 1), asked_host);
  if (!to) return std::nullopt;
  return redirect{is_moved, std::move(*to)};
}

}  // namespace reprise::redis
