#include "src/backends/redis/commands.hpp"

#include "src/backends/redis/together.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

namespace reprise::redis {
namespace {

call<std::size_t> read_share(std::shared_ptr<connection> wire, std::span<backend::slot> slots, deadline limit) {
  const auto done = co_await on(std::move(wire), [slots, limit](connection& each) { return each.read(slots, limit); });
  if (!done) co_return done.error();
  co_return slots.size();
}

// Sorts the keys by their slots, and returns these in the same order.
std::vector<std::uint16_t> sort_by_slot(keys_of_one& keys) {
  std::vector<std::pair<std::uint16_t, std::string_view>> with_slot;
  with_slot.reserve(keys.size());
  for (const auto key : keys) with_slot.emplace_back(slot_of(key), key);
  std::sort(with_slot.begin(), with_slot.end());
  std::vector<std::uint16_t> slots(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) std::tie(slots[i], keys[i]) = with_slot[i];
  return slots;
}

// One command, of keys[at…] below `end`: all, or of a cluster those of one slot. Returns where the next one begins.
std::size_t push_unlink(boost::redis::request& request, const keys_of_one& keys, const std::vector<std::uint16_t>& slots,
                        std::size_t at, std::size_t end, bool is_told) {
  auto last = slots.empty() ? end : at + 1;
  while (last < end && slots[last] == slots[at]) ++last;
  keys_of_one command(keys.begin() + static_cast<std::ptrdiff_t>(at), keys.begin() + static_cast<std::ptrdiff_t>(last));
  const auto absent = std::string(keys[at]) + ":none";  // in the same slot, by the tag
  if (is_told) command.push_back(absent);
  request.push_range("UNLINK", command);
  return last;
}

}  // namespace

boost::redis::request new_request() {
  boost::redis::request request;
  request.get_config().cancel_if_not_connected = true;
  return request;
}

call<connection::reply> send(std::shared_ptr<connection> wire, const boost::redis::request& request, deadline limit) {
  return on(std::move(wire), [&request, limit](connection& each) { return each.execute(request, limit); });
}

call<connection::reply> run(std::shared_ptr<connection> wire, script which, std::span<const std::string_view> keys,
                            std::span<const std::string_view> arguments, deadline limit) {
  return on(std::move(wire), [=](connection& each) { return each.run_script(which, keys, arguments, limit); });
}

result<std::int64_t> integer_at(const connection::reply& answer, std::size_t place) {
  if (answer->size() <= place) return errc::bad_reply;
  const auto text = answer->at(place).value;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return errc::bad_reply;
  return value;
}

std::optional<std::string> optional_text(const boost::redis::resp3::node_view& node) {
  if (node.data_type == boost::redis::resp3::type::null) return std::nullopt;
  return std::string(node.value);
}

call<void> read_apart(const lane& to, std::span<backend::slot> slots, deadline limit) {
  struct share {
    std::vector<backend::slot> asked;
    std::vector<backend::slot*> for_whom;
  };
  std::vector<share> shares(to.masters.size());
  for (auto& each : slots) {
    auto& its = shares[to.place_of(each.key)];
    its.asked.push_back(each);
    its.for_whom.push_back(&each);
  }
  std::vector<call<std::size_t>> calls;
  for (std::size_t i = 0; i < shares.size(); ++i)
    if (!shares[i].asked.empty()) calls.push_back(read_share(to.masters[i], shares[i].asked, limit));
  const auto done = co_await together(std::move(calls));
  if (!done) co_return done.error();
  for (auto& share : shares)
    for (std::size_t i = 0; i < share.asked.size(); ++i) share.for_whom[i]->found = std::move(share.asked[i].found);
  co_return result<void>();
}

call<std::size_t> unlink(std::shared_ptr<connection> wire, keys_of_one keys, deadline limit, purpose why) {
  const bool is_apart = wire->is_of_cluster(), is_told = is_apart && why == purpose::acknowledgement;
  std::vector<std::uint16_t> slots;
  if (is_apart) slots = sort_by_slot(keys);
  std::size_t removed = 0;
  for (std::size_t at = 0; at < keys.size();) {
    const auto end = std::min(at + chunk_keys, keys.size());
    auto request = new_request();
    while (at < end) at = push_unlink(request, keys, slots, at, end, is_told);
    if (is_told) request.push("CLUSTER", "INFO");
    const auto answer = co_await send(wire, request, limit);
    if (!answer) co_return answer.error();
    const auto counts = answer->value().size() - (is_told ? 1 : 0);
    if (is_told && connection::config_epoch_in(answer->value().at(counts).value) != wire->config_epoch()) co_return errc::wrong_role;
    for (std::size_t i = 0; i < counts; ++i) {
      const auto count = integer_at(*answer, i);
      if (!count) co_return count.error();
      removed += static_cast<std::size_t>(*count);
    }
  }
  co_return removed;
}

}  // namespace reprise::redis
