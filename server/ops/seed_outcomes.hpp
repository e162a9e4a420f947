// What follows from the demo's bookings: students review lessons that took place, and pay by hand for those to come.
// A part of seed.hpp, which says what demo data is for.
#pragma once

#include "server/domain/booking.hpp"
#include "server/ops/seed.hpp"
#include "server/stores/store.hpp"

#include <cstdint>
#include <random>

namespace bookings {

// The same bookings, in the same order, with the same seed have the same outcomes, but for ids. Not thread-safe.
class seed_outcomes {
 public:
  // `admin` decides about payments.
  seed_outcomes(const seed_options& options, id admin);

  // Writes what follows from one booking, through the store's own functions; gives the store's errors. About half of the
  // completed ones are reviewed, within days of the lesson; most students are content. About half of the accepted ones
  // that are not paid get a manual payment, and some of these a decision.
  result<void> add(store& into, const booking& made);

  int reviews() const noexcept { return reviews_; }
  int payments() const noexcept { return payments_; }

 private:
  // A stream of its own for each kind of outcome: more of one does not change the other.
  class dice {
   public:
    dice(std::uint64_t seed, std::uint64_t stream) : random_(seed + stream) {}
    int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
    bool chance(int percent) { return below(100) < percent; }

   private:
    std::mt19937_64 random_;
  };

  review make_review(const booking& of);
  manual_payment make_payment(const booking& of);
  result<void> decide(store& into, const id& payment_id);

  const seed_options& options_;
  const id admin_;
  dice for_reviews_, for_payments_;
  int reviews_ = 0, payments_ = 0;
};

}  // namespace bookings
