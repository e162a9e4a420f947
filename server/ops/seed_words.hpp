// The words of the demo data: names, subjects, titles, notes.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace bookings {

struct demo_subject {
  std::string_view name;
  int taka_per_hour;  // about
  std::array<std::string_view, 3> titles;
};

// Related subjects stand together: whoever teaches one may teach its neighbours.
std::span<const demo_subject> demo_subjects() noexcept;

// Bangladeshi names are the first three quarters of both lists, and go together; so do the international ones after
// them.
std::span<const std::string_view> demo_first_names() noexcept;
std::span<const std::string_view> demo_last_names() noexcept;

// What students write to a booking, and after it: `rating` is 1 to 5.
std::span<const std::string_view> demo_notes() noexcept;
std::span<const std::string_view> demo_comments(int rating) noexcept;

// What teachers say of themselves, and where people live. The first is the most common.
std::span<const std::string_view> demo_bios() noexcept;
std::span<const std::string_view> demo_cities() noexcept;

}  // namespace bookings
