// How the API speaks: as its documentation says, or as apps with Express and Mongoose do, for their front ends
// (API_STYLE, docs/features/express.md). What differs is here, in reply.cpp and in body.cpp; controllers know of one.
//
// The style is the process's and not a request's: cached entries are in it, and so is what is refused before there is a
// request. Processes of different styles keep apart what they cache (server/caching/table_fingerprint.hpp).
#pragma once

#include "server/http/request.hpp"

#include <boost/json/value.hpp>

#include <string_view>

namespace bookings::http {

enum class api_style { plain, express };

// Before the first request, and by whoever puts the server together.
void use_api_style(api_style wanted) noexcept;
api_style present_api_style() noexcept;

// What a reply shows, in the present style: in Express's, `id` is `_id` wherever it stands, and `bookingId`, which is a
// reference that is not populated, is `booking`.
boost::json::value in_present_style(boost::json::value data);

// The name that a member or parameter may have besides its own: in Express's style `gig` for `gigId`. Empty: none.
std::string_view other_name(std::string_view name) noexcept;

// Parameters by their own names, where they came by another one.
void take_other_names(parameters& query);

}  // namespace bookings::http
