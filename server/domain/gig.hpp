// Gigs: what a teacher offers, at a price per hour.
#pragma once

#include "server/domain/errc.hpp"
#include "server/domain/id.hpp"
#include "server/domain/money.hpp"
#include "server/domain/page.hpp"
#include "server/domain/time.hpp"

#include <optional>
#include <string>

namespace bookings {

struct gig {
  bookings::id id;
  bookings::id teacher_id;
  std::string teacher_name;  // joined when read; ignored when written
  std::string title;
  std::string subject;
  std::string description;
  money price;               // per hour
  time_point created_at{};
  time_point updated_at{};
  friend bool operator==(const gig&, const gig&) = default;
};

// What PUT /api/gigs/:id may change; absent members stay.
struct gig_changes {
  std::optional<std::string> title = {}, subject = {}, description = {};
  std::optional<money> price = {};
};

void apply(const gig_changes& changes, gig& to);

enum class gig_order { newest, oldest, cheapest, dearest };

struct gig_query {
  std::optional<std::string> subject = {};
  std::optional<bookings::id> teacher_id = {};
  std::optional<std::string> search = {};  // words looked for in title, subject and description, case-insensitively
  gig_order order = gig_order::newest;
  page_request page = {};
};

// Only the owner may change a gig: errc::forbidden for anybody else.
result<void> check_owner(const gig& what, const bookings::id& who);

}  // namespace bookings
