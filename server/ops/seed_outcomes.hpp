// What follows from the demo's bookings: students review lessons that took place, and pay by hand for those to come.
// A part of seed.hpp, which says what demo data is for.
#pragma once

#include "server/domain/booking.hpp"
#include "server/ops/seed.hpp"
#include "server/stores/store.hpp"

#include <span>

namespace bookings {

// Both write through the store's own functions, return how many they wrote, and give the store's errors. The same
// bookings, in the same order, with the same seed have the same outcomes, but for ids.

// About half of the completed bookings are reviewed, within days of the lesson; most students are content.
result<int> seed_reviews(store& into, const seed_progress& progress, const seed_options& options,
                         std::span<const booking> made);

// About half of the accepted bookings that are not paid get a manual payment. `admin` has decided about some of them.
result<int> seed_payments(store& into, const seed_progress& progress, const seed_options& options,
                          std::span<const booking> made, const id& admin);

}  // namespace bookings
