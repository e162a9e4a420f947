// The rules of the protocol, each taken away once: a simulation that does not notice proves nothing.
#pragma once

#include "tests/simulation/schedule.hpp"

#include <span>
#include <string_view>

namespace reprise::simulation {

struct variant {
  std::string_view name;
  std::string_view without;  // in words
  void (*weaken)(rule_set& rules);
};

std::span<const variant> variants() noexcept;

}  // namespace reprise::simulation
