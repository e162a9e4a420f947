// A store as rows, for copying all of it into another one (copy.hpp); requests use store.hpp.
//
// What is here is what people entered, and what they were answered. What belongs to the caches is not: outbox,
// identities with their nonces, leases, epochs. A store that was filled this way therefore knows no Redis: each one that
// it meets gets a nonce that was never used, and what was cached for the other store is dead
// (docs/consistency.md). So rows are written here without outbox rows: nobody can hold an entry made of this store.
//
// Each function throws std::runtime_error, which says what, where and what to do. Not thread-safe.
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/gateway_payment.hpp"
#include "server/domain/gig.hpp"
#include "server/domain/payment.hpp"
#include "server/domain/review.hpp"
#include "server/domain/trail.hpp"
#include "server/domain/user.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bookings {

// In an order in which each refers to earlier ones alone.
enum class record_kind { users, gigs, bookings, reviews, manual_payments, gateway_payments, trail, kept_replies };
inline constexpr std::array record_kinds = {
    record_kind::users,           record_kind::gigs,             record_kind::bookings, record_kind::reviews,
    record_kind::manual_payments, record_kind::gateway_payments, record_kind::trail,    record_kind::kept_replies};
std::string_view to_text(record_kind kind) noexcept;  // "manual payments"

struct stored_gig {
  gig row;  // without the teacher's name
  std::optional<time_point> deleted_at = {};
  friend bool operator==(const stored_gig&, const stored_gig&) = default;
};

// What a repeated request is answered, without the outbox rows that the answer waits for: those are of the other store.
struct stored_reply {
  std::string fingerprint;
  unsigned status = 0;
  std::string body;
  time_point at{};
  friend bool operator==(const stored_reply&, const stored_reply&) = default;
};

// One row, with the key by which rows of its kind are told apart and ordered, as bytes: its id; of the trail its number,
// in 19 digits; of a kept reply user, route and key, with line feeds between them.
struct record {
  std::string key;
  std::variant<user, stored_gig, booking, review, manual_payment, gateway_payment, trail_entry, stored_reply> row;
  friend bool operator==(const record&, const record&) = default;
};

// The key of an entry of the trail, and back; of an empty key, 0.
std::string trail_key(std::int64_t number);
std::int64_t trail_number(const std::string& key);

struct reply_name {
  std::string user_id, route, key;
};
std::string reply_key(const reply_name& of);
reply_name parse_reply_key(const std::string& key);  // of an empty key: three empty texts

class bulk_reader {
 public:
  virtual ~bulk_reader() = default;
  virtual std::int64_t count(record_kind kind) = 0;
  // Rows with greater keys than `after`, the least of them, in their order; fewer than `limit` only at the end.
  virtual std::vector<record> read(record_kind kind, const std::string& after, std::size_t limit) = 0;
};

class bulk_source : public bulk_reader {
 public:
  // A text that stays the same while nobody writes to the store and no server uses a cache on it. What a write changes
  // that needs no invalidation may not show in it.
  virtual std::string activity() = 0;
};

// A store that is being filled. No server can be started on it before finish().
class bulk_target : public bulk_reader {
 public:
  // Rows that are there already stay as they are.
  virtual void add(record_kind kind, const std::vector<record>& rows) = 0;
  // Makes rows that are there as these.
  virtual void correct(record_kind kind, const std::vector<record>& rows) = 0;
  virtual void remove(record_kind kind, const std::vector<std::string>& keys) = 0;
  // From here on it is a store.
  virtual void finish() = 0;
};

}  // namespace bookings
