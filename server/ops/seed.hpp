// Demo data, so that a fresh installation has something to show: teachers, students, gigs, bookings, reviews and
// payments that look like real use, a few of each very busy and most of them quiet. For demonstrations, tests and
// benchmarks; never for real data.
#pragma once

#include "server/domain/time.hpp"
#include "server/stores/store.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

// Who logs in for a demonstration: the busiest student and the busiest teacher.
inline constexpr std::string_view demo_student_email = "student@example.com";
inline constexpr std::string_view demo_teacher_email = "teacher@example.com";
inline constexpr std::string_view demo_password = "reprise-demo";  // of every demo account; the README and tools/run say it
// The admin who decided about the demo's payments. Nobody can log in as it: a known password must not open an
// installation.
inline constexpr std::string_view demo_office_email = "office@example.com";

struct seed_options {
  std::string password_hash;         // of every account but the office; argon2id's own text form
  std::string office_hash = {};      // of a password that nobody knows
  int teachers = 24;                 // at least 1
  int students = 120;                // at least 1
  int gigs = 60;                     // at least 1
  int bookings = 1200;               // as check_seed() says
  std::vector<std::string> prefixes = {};  // of all caches that show something of it: caching::cached_prefixes()
  time_point now = bookings::now();  // what is past and what is to come
  std::uint64_t random_seed = 2026;  // the same seed and numbers make the same data, but for ids
};

struct seed_summary {
  bool seeded = false;       // false: there was data already, and nothing was written
  bool interrupted = false;  // `progress` said so: what is counted here was written, and no more
  int users = 0, gigs = 0, bookings = 0, reviews = 0, payments = 0;
};

// Called after each some that were written: "accounts", "gigs" or "bookings" (with their reviews and payments), and how
// many of how many. False ends it there.
using seed_progress = std::function<bool(std::string_view what, int done, int total)>;

// What is wrong with these numbers taken together, in words; empty: nothing.
std::string check_seed(const seed_options& options);

// Writes the demo data through the store's own functions, so every rule holds, some at a time by store::fill(). Does
// nothing where the store has a demo account or any gig. The store's errors; what was written until then stays, and is
// whole: a booking has its review or payment, or is not there. `progress` may be empty. Memory: about 100 bytes a booking.
result<seed_summary> seed_demo(store& into, const seed_progress& progress, const seed_options& options);

}  // namespace bookings
