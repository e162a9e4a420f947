// Texts in replies that may be absent: null then, so that each object always has the same members.
#pragma once

#include <boost/json/value.hpp>

#include <optional>
#include <string>

namespace bookings::api {

inline boost::json::value text_or_null(const std::optional<std::string>& text) {
  if (text) return boost::json::value(*text);
  return nullptr;
}

}  // namespace bookings::api
