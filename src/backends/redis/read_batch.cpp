#include "src/backends/redis/read_batch.hpp"

#include <algorithm>
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

// The keys of one MGET: the next few that are all tracked, or all not.
std::size_t end_of_command(const read_batch& batch, std::size_t from) {
  const auto is_tracked = [&](std::size_t key) { return batch.order[batch.keys[key]]->is_tracked; };
  auto end = from + 1;
  while (end < batch.keys.size() && end - from < keys_a_command && is_tracked(end) == is_tracked(from)) ++end;
  return end;
}

}  // namespace

void read_batch::compose() {
  request.get_config().cancel_if_not_connected = true;
  for (const auto& each : readers)
    for (auto& slot : each.slots) order.push_back(&slot);
  std::sort(order.begin(), order.end(), comes_first);
  for (std::size_t i = 0; i < order.size(); ++i)
    if (i == 0 || comes_first(order[i - 1], order[i])) keys.push_back(i);
  std::vector<std::string_view> command;
  for (std::size_t from = 0; from < keys.size(); from += command.size()) {
    command.clear();
    for (auto key = from; key < end_of_command(*this, from); ++key) command.push_back(order[keys[key]]->key);
    if (order[keys[from]]->is_tracked) request.push("CLIENT", "CACHING", "YES");  // of the next command alone
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
  for (std::size_t from = 0, end = 0; from < keys.size(); from = end) {
    end = end_of_command(*self, from);
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
  }
  return node == nodes.end() ? boost::system::error_code() : errc::bad_reply;
}

void read_batch::finish(boost::system::error_code error) {
  for (auto& each : std::exchange(readers, {})) std::move(each.done)(error);
}

}  // namespace reprise::redis
