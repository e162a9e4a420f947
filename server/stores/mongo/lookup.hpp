// $lookup as it is sent here, with the database's names: for lists (link.hpp), and for asking whether a server knows it.
#pragma once

#include "server/stores/mongo/document.hpp"

#include <string>
#include <string_view>

namespace bookings::mongo {

// Puts the document of `collection` whose _id is the row's `member` into the array `as`, with the members of `shown` alone.
// Empty where there is none.
document lookup_stage(std::string_view collection, std::string_view member, const document& shown, const std::string& as);

}  // namespace bookings::mongo
