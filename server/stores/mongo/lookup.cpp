#include "server/stores/mongo/lookup.hpp"

#include <vector>

namespace bookings::mongo {

document lookup_stage(std::string_view collection, std::string_view member, const document& shown, const std::string& as) {
  const auto is_it = make("$expr", make("$eq", std::vector<std::string>{"$_id", "$$id"}));
  return make("$lookup", make("from", collection, "let", make("id", "$" + std::string(member)), "pipeline",
                              std::vector<document>{make("$match", is_it), make("$project", shown)}, "as", as));
}

}  // namespace bookings::mongo
