// How much demo data there can be, for the command line and for seed.hpp.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace bookings {

struct seed_size {
  std::string_view name;
  int students, teachers, gigs, bookings;
};

// The first is what `make run` has.
inline std::span<const seed_size> seed_sizes() noexcept {
  static constexpr std::array<seed_size, 3> all{{{"small", 120, 24, 60, 1'200},
                                                 {"medium", 5'000, 500, 1'000, 100'000},
                                                 {"large", 50'000, 5'000, 10'000, 1'000'000}}};
  return all;
}

struct seed_limit {
  int least, most;
};
inline constexpr seed_limit most_students{1, 1'000'000}, most_teachers{1, 100'000}, most_gigs{1, 1'000'000},
    most_bookings{0, 10'000'000};
// Nobody has more lessons at a time than fit into a calendar: so many bookings for each student and for each teacher
// who has a gig, on average.
inline constexpr int most_bookings_each = 300;

}  // namespace bookings
