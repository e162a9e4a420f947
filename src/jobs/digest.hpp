// The names by which Redis knows the scripts: the SHA-1 of each, in hexadecimal.
#pragma once

#include "src/jobs/script_sources.hpp"

#include <string_view>

namespace reprise::jobs {

std::string_view digest_of(script which);

}  // namespace reprise::jobs
