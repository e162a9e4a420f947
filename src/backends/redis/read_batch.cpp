#include "src/backends/redis/read_batch.hpp"

#include "src/backends/redis/slot_map.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace reprise::redis {
namespace {

constexpr std::size_t keys_a_command = 32;
// A value keeps the whole reply alive, for as long as its client takes to receive it. That must not be out of proportion.
constexpr std::size_t small_reply_bytes = 256 * 1024;
constexpr std::size_t largest_share = 8;

backend::value value_in(const std::shared_ptr<read_batch>& self, std::string_view text, std::size_t reply_bytes) {
  if (reply_bytes <= small_reply_bytes || text.size() >= reply_bytes / largest_share) return {self, text};
  auto copy = std::make_shared<const std::string>(text);
  const std::string_view view = *copy;
  return {std::move(copy), view};
}

bool comes_first(const backend::slot* a, const backend::slot* b) {
  return a->is_tracked != b->is_tracked ? a->is_tracked : a->key < b->key;
}

// Those of one slot side by side.
void sort_by_slot(std::vector<backend::slot*>& order) {
  std::vector<std::pair<std::uint16_t, backend::slot*>> with_slot;
  with_slot.reserve(order.size());
  for (auto* each : order) with_slot.emplace_back(slot_of(each->key), each);
  std::sort(with_slot.begin(), with_slot.end(), [](const auto& a, const auto& b) {
    if (a.second->is_tracked != b.second->is_tracked) return a.second->is_tracked;
    return a.first != b.first ? a.first < b.first : a.second->key < b.second->key;
  });
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = with_slot[i].second;
}

}  // namespace

void read_batch::compose(commands kind) {
  request.get_config().cancel_if_not_connected = true;
  for (const auto& each : readers)
    for (auto& slot : each.slots) order.push_back(&slot);
  if (kind == commands::of_one_slot)
    sort_by_slot(order);
  else
    std::sort(order.begin(), order.end(), comes_first);
  for (std::size_t i = 0; i < order.size(); ++i)
    if (i == 0 || order[i - 1]->is_tracked != order[i]->is_tracked || order[i - 1]->key != order[i]->key) keys.push_back(i);
  // One MGET: the next few keys that are all tracked, or all not, and may travel together.
  const auto slot_at = [&](std::size_t key) { return order[keys[key]]; };
  const auto go_together = [&](std::size_t a, std::size_t b) {
    return slot_at(a)->is_tracked == slot_at(b)->is_tracked &&
           (kind == commands::of_any || slot_of(slot_at(a)->key) == slot_of(slot_at(b)->key));
  };
  std::vector<std::string_view> command;
  for (std::size_t from = 0, end = 0; from < keys.size(); from = end) {
    command.clear();
    for (end = from; end < keys.size() && end - from < keys_a_command && (end == from || go_together(from, end)); ++end)
      command.push_back(slot_at(end)->key);
    ends.push_back(end);
    if (slot_at(from)->is_tracked) request.push("CLIENT", "CACHING", "YES");  // of the next command alone
    request.push_range("MGET", command);
  }
}

boost::system::error_code read_batch::distribute(const std::shared_ptr<read_batch>& self) {
  namespace resp3 = boost::redis::resp3;
  const auto& nodes = self->reply.value();
  const auto& order = self->order;
  const auto& keys = self->keys;
  std::size_t bytes = 0;
  for (const auto& node : nodes) bytes += node.value.size();
  auto node = nodes.begin();
  std::size_t from = 0;
  for (const auto end : self->ends) {
    node += order[keys[from]]->is_tracked ? 2 : 1;  // the OK, and the array's own node
    if (nodes.end() - node < static_cast<std::ptrdiff_t>(end - from)) return errc::bad_reply;
    for (auto key = from; key < end; ++key, ++node) {
      std::optional<backend::value> found;
      if (node->data_type == resp3::type::blob_string)
        found = value_in(self, node->value, bytes);
      else if (node->data_type != resp3::type::null)
        return errc::bad_reply;
      const auto next = key + 1 < keys.size() ? keys[key + 1] : order.size();
      for (auto slot = keys[key]; slot < next; ++slot) order[slot]->found = found;
    }
    from = end;
  }
  return node == nodes.end() ? boost::system::error_code() : errc::bad_reply;
}

void read_batch::finish(boost::system::error_code error) {
  for (auto& each : std::exchange(readers, {})) std::move(each.done)(error);
}

}  // namespace reprise::redis
