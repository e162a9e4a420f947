// What Redis answered to one call: the replies to its commands, as a tree laid out flat. Errors are nodes like others,
// so that one command's refusal says nothing of those that travelled with it.
//
// A reply keeps all that came with it alive; texts are views into it.
#pragma once

#include <boost/redis/resp3/node.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::jobs {

// The replies to one burst of commands, in their order.
struct answers {
  struct node {
    boost::redis::resp3::type type;
    std::uint32_t depth;
    std::size_t count;       // elements of an array; pairs of a map
    std::size_t from, size;  // of the text
  };
  std::vector<node> nodes;
  std::vector<std::size_t> commands;  // where each command's reply begins
  std::string text;

  void take(const boost::redis::resp3::node_view& parsed);
};

class reply {
 public:
  reply() = default;
  reply(std::shared_ptr<const answers> all, std::size_t first, std::size_t last)
      : all_(std::move(all)), first_(first), last_(last) {}

  // The nodes of all commands of the call: an array is followed by its elements.
  std::size_t size() const noexcept { return last_ - first_; }
  bool is_error(std::size_t i) const noexcept;
  bool is_null(std::size_t i) const noexcept;
  bool is_array(std::size_t i) const noexcept;          // or a map or a set
  std::size_t count(std::size_t i) const noexcept;      // elements, where it is an array; a map has two for each pair
  std::string_view text(std::size_t i) const noexcept;  // empty for arrays and null
  std::optional<std::int64_t> integer(std::size_t i) const noexcept;
  // The node after the i-th and its elements.
  std::size_t next(std::size_t i) const noexcept;

 private:
  const answers::node& at(std::size_t i) const noexcept { return all_->nodes[first_ + i]; }

  std::shared_ptr<const answers> all_;
  std::size_t first_ = 0, last_ = 0;
};

}  // namespace reprise::jobs
