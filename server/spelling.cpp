#include "server/spelling.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace bookings {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // row[i][j]: the distance between the first i letters of a and the first j of b.
  std::vector<std::vector<std::size_t>> row(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) row[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) row[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = row[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[i][j] = std::min({replaced, row[i - 1][j] + 1, row[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[i][j] = std::min(row[i][j], row[i - 2][j - 2] + 1);
    }
  }
  return row[a.size()][b.size()];
}

std::optional<std::string_view> nearest_name(std::string_view given, std::span<const std::string_view> names) {
  constexpr std::size_t most_edits = 2, longest = 64;
  if (std::ranges::find(names, given) != names.end() || given.size() > longest) return {};
  std::optional<std::string_view> nearest;
  std::size_t least = most_edits + 1;
  for (auto name : names) {
    auto distance = edit_distance(upper(given), upper(name));
    if (distance >= least) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

bool begins_alike(std::string_view a, std::string_view b) {
  return boost::beast::iequals(a.substr(0, 3), b.substr(0, 3));
}

}  // namespace bookings
