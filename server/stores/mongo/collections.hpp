// Where what is. The first ones are named, and their members too, as an Express app with Mongoose usually has them (a
// database may have other names: names.hpp); what only this program knows begins with its name.
#pragma once

namespace bookings::mongo {

inline constexpr const char* users = "users";
inline constexpr const char* gigs = "gigs";
inline constexpr const char* bookings_ = "bookings";
inline constexpr const char* reviews = "reviews";
inline constexpr const char* manual_payments = "manualpayments";

inline constexpr const char* gateway_payments = "reprise_payments";
inline constexpr const char* trail = "reprise_trail";
inline constexpr const char* kept_replies = "reprise_kept_replies";
inline constexpr const char* outbox = "reprise_outbox";          // {_id: number, what, at, waiting: [nonce]}
inline constexpr const char* intents = "reprise_intents";        // unit.hpp
inline constexpr const char* locks = "reprise_locks";            // unit.hpp
inline constexpr const char* counters = "reprise_counters";      // {_id, n}: what was given last
inline constexpr const char* identities = "reprise_identities";  // {_id: identity, nonce, claimedAt}
inline constexpr const char* epochs = "reprise_epochs";          // one document
inline constexpr const char* leases = "reprise_leases";          // {_id: node, identity, count, epoch, at}
inline constexpr const char* awaited = "reprise_awaited";        // {_id: row number, since}
inline constexpr const char* copy_mark = "reprise_copy";         // one document while a copy into it is not finished

}  // namespace bookings::mongo
