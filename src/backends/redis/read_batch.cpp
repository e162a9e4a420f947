#include "src/backends/redis/read_batch.hpp"

#include <algorithm>
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

// The slots of one MGET: the next few that are all tracked, or all not.
std::size_t end_of_command(const std::vector<backend::slot*>& order, std::size_t from) {
  auto end = from + 1;
  while (end < order.size() && end - from < keys_a_command && order[end]->is_tracked == order[from]->is_tracked) ++end;
  return end;
}

}  // namespace

void read_batch::compose() {
  request.get_config().cancel_if_not_connected = true;
  for (const bool is_tracked : {true, false})
    for (const auto& each : readers)
      for (auto& slot : each.slots)
        if (slot.is_tracked == is_tracked) order.push_back(&slot);
  std::vector<std::string_view> keys;
  for (std::size_t from = 0; from < order.size(); from += keys.size()) {
    keys.clear();
    for (auto i = from; i < end_of_command(order, from); ++i) keys.push_back(order[i]->key);
    if (order[from]->is_tracked) request.push("CLIENT", "CACHING", "YES");  // of the next command alone
    request.push_range("MGET", keys);
  }
}

boost::system::error_code read_batch::distribute(const std::shared_ptr<read_batch>& self) {
  namespace resp3 = boost::redis::resp3;
  const auto& nodes = self->reply.value();
  const auto& order = self->order;
  std::size_t bytes = 0;
  for (const auto& node : nodes) bytes += node.value.size();
  auto node = nodes.begin();
  for (std::size_t from = 0, end = 0; from < order.size(); from = end) {
    end = end_of_command(order, from);
    node += order[from]->is_tracked ? 2 : 1;  // the OK, and the array's own node
    if (nodes.end() - node < static_cast<std::ptrdiff_t>(end - from)) return errc::bad_reply;
    for (auto i = from; i < end; ++i, ++node)
      if (node->data_type == resp3::type::null)
        order[i]->found.reset();
      else if (node->data_type == resp3::type::blob_string)
        order[i]->found = value_in(self, node->value, bytes);
      else
        return errc::bad_reply;
  }
  return node == nodes.end() ? boost::system::error_code() : errc::bad_reply;
}

void read_batch::finish(boost::system::error_code error) {
  for (auto& each : std::exchange(readers, {})) std::move(each.done)(error);
}

}  // namespace reprise::redis
