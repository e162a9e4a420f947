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

}  // namespace

void read_batch::compose() {
  request.get_config().cancel_if_not_connected = true;
  std::vector<std::string_view> keys;
  keys.reserve(keys_a_command);
  for (const auto& each : readers)
    for (const auto& slot : each.slots) {
      keys.push_back(slot.key);
      if (keys.size() < keys_a_command) continue;
      request.push_range("MGET", keys);
      keys.clear();
    }
  if (!keys.empty()) request.push_range("MGET", keys);
}

boost::system::error_code read_batch::distribute(const std::shared_ptr<read_batch>& self) {
  namespace resp3 = boost::redis::resp3;
  std::size_t bytes = 0;
  for (const auto& node : self->reply.value()) bytes += node.value.size();
  auto node = self->reply.value().begin();
  const auto end = self->reply.value().end();
  for (auto& each : self->readers)
    for (auto& slot : each.slots) {
      while (node != end && node->data_type == resp3::type::array) ++node;
      if (node == end) return errc::bad_reply;
      if (node->data_type == resp3::type::null)
        slot.found.reset();
      else if (node->data_type == resp3::type::blob_string || node->data_type == resp3::type::simple_string)
        slot.found = value_in(self, node->value, bytes);
      else
        return errc::bad_reply;
      ++node;
    }
  return node == end ? boost::system::error_code() : errc::bad_reply;
}

void read_batch::finish(boost::system::error_code error) {
  // The request's keys are their readers', and end with them.
  for (auto& each : std::exchange(readers, {})) std::move(each.done)(error);
}

}  // namespace reprise::redis
