// A job read from its hash.
#pragma once

#include "reprise/jobs/job.hpp"
#include "src/jobs/reply.hpp"

#include <string>
#include <string_view>

namespace reprise::jobs {

// From `count` nodes beginning at the i-th: field, value, field, value. What cannot be read is said in job.broken.
job job_from(std::string id, const reply& answer, std::size_t i, std::size_t count);

// How many nested arrays and objects a JSON text may have.
inline constexpr std::size_t deepest_json = 64;

}  // namespace reprise::jobs
