#include "src/jobs/reply.hpp"

#include <charconv>

namespace reprise::jobs {

namespace resp3 = boost::redis::resp3;

void answers::take(const resp3::node_view& parsed) {
  if (parsed.depth == 0) commands.push_back(nodes.size());
  nodes.push_back({parsed.data_type, static_cast<std::uint32_t>(parsed.depth), parsed.aggregate_size, text.size(),
                   parsed.value.size()});
  text += parsed.value;
}

bool reply::is_error(std::size_t i) const noexcept {
  return i < size() && (at(i).type == resp3::type::simple_error || at(i).type == resp3::type::blob_error);
}

bool reply::is_null(std::size_t i) const noexcept { return i >= size() || at(i).type == resp3::type::null; }

bool reply::is_array(std::size_t i) const noexcept {
  if (i >= size()) return false;
  const auto type = at(i).type;
  return type == resp3::type::array || type == resp3::type::map || type == resp3::type::set;
}

std::size_t reply::count(std::size_t i) const noexcept {
  if (!is_array(i)) return 0;
  return at(i).type == resp3::type::map ? 2 * at(i).count : at(i).count;
}

std::string_view reply::text(std::size_t i) const noexcept {
  if (i >= size()) return {};
  return std::string_view(all_->text).substr(at(i).from, at(i).size);
}

std::optional<std::int64_t> reply::integer(std::size_t i) const noexcept {
  const auto digits = text(i);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::size_t reply::next(std::size_t i) const noexcept {
  const auto depth = at(i).depth;
  for (++i; i < size() && at(i).depth > depth;) ++i;
  return i;
}

}  // namespace reprise::jobs
