#include "server/ops/seed_outcomes.hpp"

#include "server/ops/seed_words.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace bookings {
namespace {

using namespace std::chrono;

constexpr int percent_reviewed = 45, percent_paid = 50;

// A stream of its own for each kind of outcome: more of one does not change the other.
class dice {
 public:
  dice(std::uint64_t seed, std::uint64_t stream) : random_(seed + stream) {}
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool chance(int percent) { return below(100) < percent; }

 private:
  std::mt19937_64 random_;
};

template <class Predicate>
std::vector<booking> choose(std::span<const booking> from, Predicate is_wanted) {
  std::vector<booking> chosen;
  std::copy_if(from.begin(), from.end(), std::back_inserter(chosen), is_wanted);
  return chosen;
}

review make_review(const booking& of, const seed_options& options, dice& random) {
  constexpr std::array ratings{5, 5, 5, 5, 5, 4, 4, 4, 3, 2};
  review wanted;
  wanted.id = make_id();
  wanted.booking_id = of.id;
  wanted.student_id = of.student_id;
  wanted.rating = ratings[static_cast<std::size_t>(random.below(ratings.size()))];
  if (random.chance(80)) {
    const auto words = demo_comments(wanted.rating);
    wanted.comment = words[static_cast<std::size_t>(random.below(static_cast<int>(words.size())))];
  }
  const auto end = of.scheduled_at + minutes{of.duration_minutes};
  wanted.created_at = std::min(end + minutes{10 + random.below(4 * 24 * 60)}, options.now);
  return wanted;
}

manual_payment make_payment(const booking& of, std::size_t number, const seed_options& options, dice& random) {
  using enum payment_method;
  constexpr std::array methods{bkash, bkash, bkash, bkash, nagad, nagad, rocket, bank};
  manual_payment wanted;
  wanted.id = make_id();
  wanted.booking_id = of.id;
  wanted.student_id = of.student_id;
  wanted.method = methods[static_cast<std::size_t>(random.below(methods.size()))];
  // The number keeps them apart.
  wanted.transaction_id = "DEMO" + std::to_string(100000 + random.below(900000)) + "-" + std::to_string(number);
  wanted.amount = of.price;
  wanted.created_at = std::min(of.updated_at + minutes{5 + random.below(48 * 60)}, options.now);
  return wanted;
}

result<void> decide(store& into, const id& payment_id, const id& admin, dice& random) {
  using enum manual_payment_status;
  const int roll = random.below(100);
  if (roll < 60) return {};  // still to be looked at
  manual_payment_decision decision{admin, roll < 90 ? verified : rejected};
  if (decision.wanted == rejected) decision.reason = "There is no such transaction on our statement.";
  if (const auto done = into.decide_manual_payment(payment_id, decision); !done) return done.error();
  return {};
}

}  // namespace

result<int> seed_reviews(store& into, const seed_progress& progress, const seed_options& options,
                         std::span<const booking> made) {
  dice random(options.random_seed, 1);
  const auto reviewed = choose(made, [&](const booking& each) {
    return each.status == booking_status::completed && random.chance(percent_reviewed);
  });
  const int total = static_cast<int>(reviewed.size());
  int done = 0;
  for (const auto& each : reviewed) {
    if (const auto written = into.create_review(make_review(each, options, random)); !written) return written.error();
    ++done;
    if (progress) progress("reviews", done, total);
  }
  return done;
}

result<int> seed_payments(store& into, const seed_progress& progress, const seed_options& options,
                          std::span<const booking> made, const id& admin) {
  dice random(options.random_seed, 2);
  const auto paid = choose(made, [&](const booking& each) {
    return each.status == booking_status::accepted && each.payment == payment_status::unpaid &&
           random.chance(percent_paid);
  });
  const int total = static_cast<int>(paid.size());
  int done = 0;
  for (const auto& each : paid) {
    const auto wanted = make_payment(each, static_cast<std::size_t>(done), options, random);
    if (const auto written = into.create_manual_payment(wanted); !written) return written.error();
    if (const auto decided = decide(into, wanted.id, admin, random); !decided) return decided.error();
    ++done;
    if (progress) progress("payments", done, total);
  }
  return done;
}

}  // namespace bookings
