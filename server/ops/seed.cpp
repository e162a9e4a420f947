#include "server/ops/seed.hpp"

#include "server/ops/seed_outcomes.hpp"
#include "server/ops/seed_sizes.hpp"
#include "server/ops/seed_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <random>
#include <set>
#include <utility>
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
constexpr int most_lessons = 500;      // of one person; beyond it somebody else is taken, where there is one
constexpr int at_once = 5000;          // things in one transaction: others write between two
constexpr std::size_t names_to_share = 600;  // with so many in use, a new one is hard to find

// Picks 0 to size - 1, each as often as Zipf's law gives its rank.
std::discrete_distribution<std::size_t> zipf(std::size_t size) {
  std::vector<double> weights;
  for (std::size_t rank = 1; rank <= size; ++rank) weights.push_back(1 / std::pow(static_cast<double>(rank), skew));
  return {weights.begin(), weights.end()};
}

// The lessons of one person that take place.
class calendar {
 public:
  bool is_free(const booking& what) const {
    const auto [from, to] = span_of(what);
    const auto next = std::ranges::lower_bound(taken_, from, {}, &lesson::first);
    if (next != taken_.end() && next->first < to) return false;
    return next == taken_.begin() || std::prev(next)->second <= from;
  }
  void add(const booking& what) {
    const auto made = span_of(what);
    taken_.insert(std::ranges::lower_bound(taken_, made), made);
  }
  bool is_full() const { return taken_.size() >= static_cast<std::size_t>(most_lessons); }

 private:
  using lesson = std::pair<std::int32_t, std::int32_t>;  // minutes since 1970
  static lesson span_of(const booking& of) {
    const auto from = static_cast<std::int32_t>(floor<minutes>(of.scheduled_at).time_since_epoch().count());
    return {from, from + of.duration_minutes};
  }
  std::vector<lesson> taken_;  // sorted
};

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
  result<void> add_teachers() { return add_users(role::teacher, options_.teachers, teachers_); }
  result<void> add_students() { return add_users(role::student, options_.students, students_); }
  result<void> add_office();
  result<void> add_users(role as, int count, std::vector<id>& to);
  result<void> add_gigs();
  result<void> add_bookings();
  result<bool> add_booking(store& into, std::size_t student, std::size_t offer);
  // Writes `count` things, some in each transaction; `add` writes one more. Where it was interrupted, sets that.
  result<void> in_parts(std::string_view what, int before, int count, int total, const std::function<result<void>(store&)>& add);

  user make_user(role as, bool is_first);
  self_description describe(role as);
  gig make_gig(std::size_t index);
  std::size_t teacher_of(std::size_t gig_index) const;
  booking make_booking(const id& student, const id& gig_id);
  void choose_outcome(booking& what, bool is_past);
  // Somebody whose calendar has room: this one, or another one at random.
  std::size_t one_with_room(std::size_t wanted, const std::vector<calendar>& of, bool is_gig);

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool chance(int percent) { return below(100) < percent; }
  template <class Words>
  auto pick(const Words& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }

  store& store_;
  const seed_progress& progress_;
  const seed_options& options_;
  std::mt19937_64 random_;
  std::mt19937_64 details_;  // what people tell of themselves: a stream of its own, so that it changes nothing else
  id office_;
  std::vector<id> teachers_, students_;
  std::vector<id> gigs_;
  std::set<std::string> names_;
  std::vector<calendar> teacher_calendars_, student_calendars_;
  std::optional<seed_outcomes> outcomes_;
  seed_summary summary_;
};

result<seed_summary> seeder::run() {
  const auto found = has_data();
  if (!found) return found.error();
  if (*found) return seed_summary{};
  // Teachers first, as a marketplace begins; each list's first is the demo account, so that one can log in at once.
  const auto steps = {&seeder::add_teachers, &seeder::add_students, &seeder::add_office, &seeder::add_gigs, &seeder::add_bookings};
  for (const auto step : steps) {
    if (const auto done = (this->*step)(); !done) return done.error();
    if (summary_.interrupted) break;
  }
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

result<void> seeder::in_parts(std::string_view what, int before, int count, int total,
                              const std::function<result<void>(store&)>& add) {
  for (int done = 0; done < count && !summary_.interrupted;) {
    const int part = std::min(at_once, count - done);
    const auto written = store_.fill(options_.prefixes, [&](store& into) -> result<void> {
      for (int i = 0; i < part; ++i)
        if (const auto added = add(into); !added) return added;
      return {};
    });
    if (!written) return written;
    done += part;
    if (progress_ && !progress_(what, before + done, total)) summary_.interrupted = true;
  }
  return {};
}

// accounts -----------------------------------------------------------------------------------------------------------

result<void> seeder::add_users(role as, int count, std::vector<id>& to) {
  const int total = options_.teachers + options_.students + 1;
  return in_parts("accounts", summary_.users, count, total, [&](store& into) -> result<void> {
    const auto made = make_user(as, to.empty());
    to.push_back(made.id);
    ++summary_.users;
    return into.create_user(made);
  });
}

result<void> seeder::add_office() {
  user account;
  account.id = office_ = make_id();
  account.email = demo_office_email;
  account.name = "Demo office";
  account.role = role::admin;
  account.password_hash = options_.office_hash;
  account.created_at = options_.now - days{past_days + 240};
  outcomes_.emplace(options_, office_);
  const int total = options_.teachers + options_.students + 1;
  return in_parts("accounts", total - 1, 1, total, [&](store& into) -> result<void> {
    ++summary_.users;
    return into.create_user(account);
  });
}

user seeder::make_user(role as, bool is_first) {
  const auto first_names = demo_first_names(), last_names = demo_last_names();
  std::string first, last;
  int count = 0;
  const int tries = names_.size() < names_to_share ? 1000 : 1;
  do {  // a name that nobody has yet; where there are more people than names, they share
    const bool is_local = chance(75);
    const auto half = [&](auto words) {
      const auto border = words.size() * 3 / 4;
      return is_local ? words.first(border) : words.subspan(border);
    };
    first = pick(half(first_names));
    last = pick(half(last_names));
  } while (!names_.insert(first + ' ' + last).second && ++count < tries);

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
    const auto number = count < tries ? "" : std::to_string(summary_.users);
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
  return in_parts("gigs", 0, options_.gigs, options_.gigs, [&](store& into) -> result<void> {
    const auto made = make_gig(gigs_.size());
    gigs_.push_back(made.id);
    ++summary_.gigs;
    if (const auto created = into.create_gig(made); !created) return created.error();
    return {};
  });
}

// The first gig is the most booked, and it is the first teacher's. A teacher has one subject, with two gigs; those who
// come after the subjects have the third gig of several that stand together. Beyond that, all of those take turns.
std::size_t seeder::teacher_of(std::size_t gig_index) const {
  const auto subjects = demo_subjects().size();
  const auto subject = gig_index % subjects, round = gig_index / subjects;
  const auto generalists = teachers_.size() > subjects ? teachers_.size() - subjects : 0;
  if (generalists == 0 || round < 2) return subject % teachers_.size();
  if (round == 2) return subjects + subject * generalists / subjects;
  return subjects + (gig_index - 3 * subjects) % generalists;
}

gig seeder::make_gig(std::size_t index) {
  const auto subjects = demo_subjects();
  const auto subject = index % subjects.size(), title = index / subjects.size() % 3;
  const auto& what = subjects[subject];
  gig offer;
  offer.id = make_id();
  offer.teacher_id = teachers_[teacher_of(index)];
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
  student_calendars_.resize(students_.size());
  teacher_calendars_.resize(teachers_.size());
  return in_parts("bookings", 0, options_.bookings, options_.bookings, [&](store& into) -> result<void> {
    const auto who = one_with_room(student(random_), student_calendars_, false);
    const auto what = one_with_room(offer(random_), teacher_calendars_, true);
    const auto added = add_booking(into, who, what);
    if (!added) return added.error();
    summary_.bookings += *added ? 1 : 0;
    summary_.reviews = outcomes_->reviews();
    summary_.payments = outcomes_->payments();
    return {};
  });
}

std::size_t seeder::one_with_room(std::size_t wanted, const std::vector<calendar>& of, bool is_gig) {
  const auto size = is_gig ? gigs_.size() : students_.size();
  for (int i = 0; i < tries_for_a_time && of[is_gig ? teacher_of(wanted) : wanted].is_full(); ++i)
    wanted = static_cast<std::size_t>(below(static_cast<int>(size)));
  return wanted;
}

// False: no free time was found.
result<bool> seeder::add_booking(store& into, std::size_t student, std::size_t offer) {
  auto& students = student_calendars_[student];
  auto& teachers = teacher_calendars_[teacher_of(offer)];
  for (int i = 0; i < tries_for_a_time; ++i) {
    const auto wanted = make_booking(students_[student], gigs_[offer]);
    if (!students.is_free(wanted) || !teachers.is_free(wanted)) continue;
    const auto created = into.create_booking(wanted);
    if (!created && created.error() == errc::overlap) continue;
    if (!created) return created.error();
    if (wanted.status != booking_status::cancelled && wanted.status != booking_status::rejected)
      for (auto* of : {&students, &teachers}) of->add(wanted);
    if (const auto done = outcomes_->add(into, created->value.row); !done) return done.error();
    return true;
  }
  return false;
}

booking seeder::make_booking(const id& student, const id& gig_id) {
  constexpr std::array durations{60, 60, 60, 60, 90, 90, 45, 120, 30};
  const bool is_past = chance(percent_past);
  const auto today = floor<days>(options_.now);
  const auto day = is_past ? today - days{1 + below(past_days)} : today + days{1 + below(coming_days)};
  booking wanted;
  wanted.id = make_id();
  wanted.student_id = student;
  wanted.gig_id = gig_id;
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

}  // namespace

std::string check_seed(const seed_options& options) {
  const auto parties = std::min({options.teachers, options.gigs, options.students});
  if (options.bookings <= std::int64_t{most_bookings_each} * parties) return {};
  return fmt::format("{} bookings are too many for {} students and {} gigs of {} teachers: at most {} for each of the fewest",
                     options.bookings, options.students, options.gigs, options.teachers, most_bookings_each);
}

result<seed_summary> seed_demo(store& into, const seed_progress& progress, const seed_options& options) {
  return seeder(into, progress, options).run();
}

}  // namespace bookings
