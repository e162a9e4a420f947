#include "server/stores/mongo/search.hpp"

namespace bookings::mongo {

std::vector<document> search_conditions(std::string_view search, std::initializer_list<const char*> members) {
  constexpr std::string_view blank = " \t\r\n", special = R"(\^$.|?*+()[]{}/-)";
  std::vector<document> conditions;
  while (conditions.size() < most_search_words) {
    const auto begin = search.find_first_not_of(blank);
    if (begin == std::string_view::npos) break;
    search.remove_prefix(begin);
    const auto word = search.substr(0, search.find_first_of(blank));
    search.remove_prefix(word.size());

    std::string pattern;
    for (const char c : word) {
      if (special.find(c) != std::string_view::npos) pattern += '\\';
      pattern += c;
    }
    std::vector<document> anywhere;
    for (const auto* member : members) anywhere.push_back(make(member, make("$regex", pattern, "$options", "i")));
    conditions.push_back(make("$or", anywhere));
  }
  return conditions;
}

}  // namespace bookings::mongo
