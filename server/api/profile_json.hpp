// A user as replies show them: to themselves, whole; to everybody, what is meant for everybody.
#pragma once

#include "server/domain/profile.hpp"

#include <boost/json/object.hpp>

namespace bookings::api {

// For the user's own eyes: email, phone and address are in it.
boost::json::object own_profile(const user& account);

// {id,name,role,bio,city,country,createdAt}, and for a teacher rating (two places, null without reviews) and
// reviewCount.
boost::json::object to_json(const public_profile& shown);

}  // namespace bookings::api
