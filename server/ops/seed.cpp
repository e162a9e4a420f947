#include "server/ops/seed.hpp"

#include "server/ops/seed_outcomes.hpp"
#include "server/ops/seed_words.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace bookings {
namespace {

using namespace std::chrono;

constexpr double skew = 0.8;           // Zipf's exponent: the first is busy, most are quiet
constexpr int past_days = 120;         // how far back lessons go
constexpr int coming_days = 28;        // and forward
constexpr int percent_past = 75;       // lessons that are over
constexpr int tries_for_a_time = 200;  // a busy teacher's calendar is full at some point
constexpr hours first_lesson{3};       // of the day, in UTC: 9 o'clock in Dhaka
constexpr int quarters_of_day = 44;    // lessons begin within the eleven hours after it

// Picks 0 to size - 1, each as often as Zipf's law gives its rank.
std::discrete_distribution<std::size_t> zipf(std::size_t size) {
  std::vector<double> weights;
  for (std::size_t rank = 1; rank <= size; ++rank) weights.push_back(1 / std::pow(static_cast<double>(rank), skew));
  return {weights.begin(), weights.end()};
}

class seeder {
 public:
  seeder(store& into, const seed_progress& progress, const seed_options& options)
      : store_(into),
        progress_(progress),
        options_(options),
        random_(options.random_seed),
        details_(options.random_seed) {}

  result<seed_summary> run();

 private:
  result<bool> has_data();
  result<void> add_office();
  result<void> add_users(role as, int count, std::vector<user>& to);
  result<void> add_gigs();
  result<void> add_bookings();
  result<void> add_outcomes();
  result<bool> add_booking(const user& student, const gig& of);

  user make_user(role as, bool is_first);
  self_description describe(role as);
  gig make_gig(std::size_t index);
  booking make_booking(const user& student, const gig& of);
  void choose_outcome(booking& what, bool is_past);
  bool is_free(const booking& what) const;

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool chance(int percent) { return below(100) < percent; }
  template <class Words>
  auto pick(const Words& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }
  void tell(std::string_view what, int done, int total) {
    if (progress_) progress_(what, done, total);
  }

  store& store_;
  const seed_progress& progress_;
  const seed_options& options_;
  std::mt19937_64 random_;
  std::mt19937_64 details_;  // what people tell of themselves: a stream of its own, so that it changes nothing else
  id office_;
  std::vector<user> teachers_, students_;
  std::vector<gig> gigs_;
  std::vector<booking> bookings_;
  std::set<std::string> names_;
  std::map<id, std::vector<booking>> calendars_;  // lessons that take place, of teachers and students
  seed_summary summary_;
};

result<seed_summary> seeder::run() {
  const auto found = has_data();
  if (!found) return found.error();
  if (*found) return seed_summary{};
  // Teachers first, as a marketplace begins; each list's first is the demo account, so that one can log in at once.
  if (const auto done = add_users(role::teacher, options_.teachers, teachers_); !done) return done.error();
  if (const auto done = add_users(role::student, options_.students, students_); !done) return done.error();
  if (const auto done = add_office(); !done) return done.error();
  if (const auto done = add_gigs(); !done) return done.error();
  if (const auto done = add_bookings(); !done) return done.error();
  if (const auto done = add_outcomes(); !done) return done.error();
  summary_.seeded = true;
  return summary_;
}

result<bool> seeder::has_data() {
  for (const auto email : {demo_student_email, demo_teacher_email}) {
    const auto found = store_.find_user_by_email(std::string(email));
    if (found) return true;
    if (found.error() != errc::not_found) return found.error();
  }
  const auto offered = store_.list_gigs({});
  if (!offered) return offered.error();
  return offered->total > 0;
}

// accounts -----------------------------------------------------------------------------------------------------------

result<void> seeder::add_users(role as, int count, std::vector<user>& to) {
  for (int i = 0; i < count; ++i) {
    to.push_back(make_user(as, i == 0));
    if (const auto done = store_.create_user(to.back()); !done) return done;
    tell("accounts", ++summary_.users, options_.teachers + options_.students + 1);
  }
  return {};
}

result<void> seeder::add_office() {
  user account;
  account.id = office_ = make_id();
  account.email = demo_office_email;
  account.name = "Demo office";
  account.role = role::admin;
  account.password_hash = options_.office_hash;
  account.created_at = options_.now - days{past_days + 240};
  if (const auto done = store_.create_user(account); !done) return done;
  tell("accounts", ++summary_.users, options_.teachers + options_.students + 1);
  return {};
}

user seeder::make_user(role as, bool is_first) {
  const auto first_names = demo_first_names(), last_names = demo_last_names();
  std::string first, last;
  int count = 0;
  do {  // a name that nobody has yet; where there are more people than names, they share
    const bool is_local = chance(75);
    const auto half = [&](auto words) {
      const auto border = words.size() * 3 / 4;
      return is_local ? words.first(border) : words.subspan(border);
    };
    first = pick(half(first_names));
    last = pick(half(last_names));
  } while (!names_.insert(first + ' ' + last).second && ++count < 1000);

  user account;
  account.id = make_id();
  account.name = first + ' ' + last;
  account.role = as;
  account.about = describe(as);
  account.password_hash = options_.password_hash;
  account.created_at = options_.now - days{past_days + 20 + below(200)} - minutes{below(24 * 60)};
  if (is_first) {
    account.email = as == role::student ? demo_student_email : demo_teacher_email;
  } else {
    const auto number = count < 1000 ? "" : std::to_string(summary_.users);
    account.email = *normalize_email(first + '.' + last + number + "@example.com");
  }
  return account;
}

self_description seeder::describe(role as) {
  const auto any = [this](auto words) {
    return std::string(words[std::uniform_int_distribution<std::size_t>(0, words.size() - 1)(details_)]);
  };
  self_description about;
  about.city = any(demo_cities());
  about.country = "Bangladesh";
  if (as == role::teacher) about.bio = any(demo_bios());
  return about;
}

// gigs ---------------------------------------------------------------------------------------------------------------

result<void> seeder::add_gigs() {
  for (int i = 0; i < options_.gigs; ++i) {
    auto created = store_.create_gig(make_gig(static_cast<std::size_t>(i)));
    if (!created) return created.error();
    gigs_.push_back(std::move(created->value));
    tell("gigs", ++summary_.gigs, options_.gigs);
  }
  return {};
}

// The first gig is the most booked, and it is the first teacher's. A teacher has one subject, with two gigs; those who
// come after the subjects have the third gig of several that stand together.
gig seeder::make_gig(std::size_t index) {
  const auto subjects = demo_subjects();
  const auto subject = index % subjects.size(), title = index / subjects.size() % 3;
  const auto generalists = teachers_.size() > subjects.size() ? teachers_.size() - subjects.size() : 0;
  const auto teacher = title < 2 || generalists == 0 ? subject % teachers_.size()
                                                     : subjects.size() + subject * generalists / subjects.size();
  const auto& what = subjects[subject];
  gig offer;
  offer.id = make_id();
  offer.teacher_id = teachers_[teacher].id;
  offer.title = what.titles[title];
  offer.subject = what.name;
  offer.description = offer.title + ": " + offer.subject +
                      " lessons at your own pace, with exercises after each hour. Online or in Dhaka.";
  offer.price = {(what.taka_per_hour + 50 * (below(9) - 4)) * std::int64_t{100}};
  offer.created_at = options_.now - days{past_days + 15} - minutes{below(60 * 24 * 60)};
  offer.updated_at = offer.created_at;
  return offer;
}

// bookings -----------------------------------------------------------------------------------------------------------

result<void> seeder::add_bookings() {
  auto student = zipf(students_.size()), offer = zipf(gigs_.size());
  for (int i = 0; i < options_.bookings; ++i) {
    const auto added = add_booking(students_[student(random_)], gigs_[offer(random_)]);
    if (!added) return added.error();
    if (*added) ++summary_.bookings;
    tell("bookings", i + 1, options_.bookings);
  }
  return {};
}

// False: no free time was found.
result<bool> seeder::add_booking(const user& student, const gig& of) {
  for (int i = 0; i < tries_for_a_time; ++i) {
    const auto wanted = make_booking(student, of);
    if (!is_free(wanted)) continue;
    const auto created = store_.create_booking(wanted);
    if (!created && created.error() == errc::overlap) continue;
    if (!created) return created.error();
    bookings_.push_back(created->value.row);
    if (wanted.status != booking_status::cancelled && wanted.status != booking_status::rejected) {
      for (const auto& who : {student.id, of.teacher_id}) calendars_[who].push_back(wanted);
    }
    return true;
  }
  return false;
}

result<void> seeder::add_outcomes() {
  const auto reviews = seed_reviews(store_, progress_, options_, bookings_);
  if (!reviews) return reviews.error();
  summary_.reviews = *reviews;
  const auto payments = seed_payments(store_, progress_, options_, bookings_, office_);
  if (!payments) return payments.error();
  summary_.payments = *payments;
  return {};
}

booking seeder::make_booking(const user& student, const gig& of) {
  constexpr std::array durations{60, 60, 60, 60, 90, 90, 45, 120, 30};
  const bool is_past = chance(percent_past);
  const auto today = floor<days>(options_.now);
  const auto day = is_past ? today - days{1 + below(past_days)} : today + days{1 + below(coming_days)};
  booking wanted;
  wanted.id = make_id();
  wanted.student_id = student.id;
  wanted.gig_id = of.id;
  wanted.scheduled_at = day + first_lesson + minutes{15} * below(quarters_of_day);
  wanted.duration_minutes = pick(durations);
  if (chance(30)) wanted.note = pick(demo_notes());
  const auto latest_creation = std::min(wanted.scheduled_at - hours{3}, options_.now);
  wanted.created_at = latest_creation - minutes{1 + below(10 * 24 * 60)};
  choose_outcome(wanted, is_past);
  return wanted;
}

void seeder::choose_outcome(booking& what, bool is_past) {
  using enum booking_status;
  const int dice = below(100);
  if (is_past) {
    what.status = dice < 84 ? completed : dice < 92 ? cancelled : dice < 97 ? rejected : accepted;
  } else {
    what.status = dice < 48 ? pending : dice < 90 ? accepted : dice < 97 ? cancelled : rejected;
  }
  if (what.status == completed) {
    what.payment = chance(88) ? payment_status::paid : payment_status::unpaid;
  } else if (what.status == accepted) {
    what.payment = chance(40) ? payment_status::paid : payment_status::unpaid;
  }

  const auto end = what.scheduled_at + minutes{what.duration_minutes};
  if (what.status == completed) what.updated_at = std::min(end + minutes{below(120)}, options_.now);
  else if (what.status == pending) what.updated_at = what.created_at;
  else what.updated_at = std::min(what.created_at + minutes{5 + below(150)}, options_.now);
}

bool seeder::is_free(const booking& what) const {
  const auto teacher = std::find_if(gigs_.begin(), gigs_.end(), [&](const gig& g) { return g.id == what.gig_id; });
  for (const auto& who : {what.student_id, teacher->teacher_id}) {
    const auto calendar = calendars_.find(who);
    if (calendar == calendars_.end()) continue;
    if (std::any_of(calendar->second.begin(), calendar->second.end(),
                    [&](const booking& other) { return overlap(what, other); })) {
      return false;
    }
  }
  return true;
}

}  // namespace

result<seed_summary> seed_demo(store& into, const seed_progress& progress, const seed_options& options) {
  return seeder(into, progress, options).run();
}

}  // namespace bookings
