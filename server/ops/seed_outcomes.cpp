#include "server/ops/seed_outcomes.hpp"

#include "server/ops/seed_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace bookings {
namespace {

using namespace std::chrono;

constexpr int percent_reviewed = 45, percent_paid = 50;

}  // namespace

seed_outcomes::seed_outcomes(const seed_options& options, id admin)
    : options_(options), admin_(std::move(admin)), for_reviews_(options.random_seed, 1), for_payments_(options.random_seed, 2) {}

result<void> seed_outcomes::add(store& into, const booking& made) {
  if (made.status == booking_status::completed && for_reviews_.chance(percent_reviewed)) {
    if (const auto written = into.create_review(make_review(made)); !written) return written.error();
    ++reviews_;
  }
  if (made.status != booking_status::accepted || made.payment != payment_status::unpaid || !for_payments_.chance(percent_paid))
    return {};
  const auto wanted = make_payment(made);
  if (const auto written = into.create_manual_payment(wanted); !written) return written.error();
  ++payments_;
  return decide(into, wanted.id);
}

review seed_outcomes::make_review(const booking& of) {
  constexpr std::array ratings{5, 5, 5, 5, 5, 4, 4, 4, 3, 2};
  review wanted;
  wanted.id = make_id();
  wanted.booking_id = of.id;
  wanted.student_id = of.student_id;
  wanted.rating = ratings[static_cast<std::size_t>(for_reviews_.below(ratings.size()))];
  if (for_reviews_.chance(80)) {
    const auto words = demo_comments(wanted.rating);
    wanted.comment = words[static_cast<std::size_t>(for_reviews_.below(static_cast<int>(words.size())))];
  }
  const auto end = of.scheduled_at + minutes{of.duration_minutes};
  wanted.created_at = std::min(end + minutes{10 + for_reviews_.below(4 * 24 * 60)}, options_.now);
  return wanted;
}

manual_payment seed_outcomes::make_payment(const booking& of) {
  using enum payment_method;
  constexpr std::array methods{bkash, bkash, bkash, bkash, nagad, nagad, rocket, bank};
  manual_payment wanted;
  wanted.id = make_id();
  wanted.booking_id = of.id;
  wanted.student_id = of.student_id;
  wanted.method = methods[static_cast<std::size_t>(for_payments_.below(methods.size()))];
  // The number keeps them apart.
  wanted.transaction_id = "DEMO" + std::to_string(100000 + for_payments_.below(900000)) + "-" + std::to_string(payments_);
  wanted.amount = of.price;
  wanted.created_at = std::min(of.updated_at + minutes{5 + for_payments_.below(48 * 60)}, options_.now);
  return wanted;
}

result<void> seed_outcomes::decide(store& into, const id& payment_id) {
  using enum manual_payment_status;
  const int roll = for_payments_.below(100);
  if (roll < 60) return {};  // still to be looked at
  manual_payment_decision decision{admin_, roll < 90 ? verified : rejected};
  if (decision.wanted == rejected) decision.reason = "There is no such transaction on our statement.";
  if (const auto done = into.decide_manual_payment(payment_id, decision); !done) return done.error();
  return {};
}

}  // namespace bookings
