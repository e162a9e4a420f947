// What a check of the doctor finds.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace bookings::ops {

// In the order of their weight.
enum class verdict { good, skipped, warning, bad };
std::string_view to_text(verdict is) noexcept;

// Texts are for people, are one line and hold no secret.
struct finding {
  verdict is = verdict::good;
  std::string seen;    // what was seen, or of a check that was skipped why
  std::string advice;  // what to do; empty where nothing is to be done
};

inline finding good(std::string seen) { return {verdict::good, std::move(seen), {}}; }
inline finding skipped(std::string why) { return {verdict::skipped, std::move(why), {}}; }
inline finding warning(std::string seen, std::string advice) {
  return {verdict::warning, std::move(seen), std::move(advice)};
}
inline finding bad(std::string seen, std::string advice) { return {verdict::bad, std::move(seen), std::move(advice)}; }

// Of one check, with what it was about: {"cache", "eviction", …}.
struct examined {
  std::string about, check;
  finding found;
};

}  // namespace bookings::ops
