// The events in a reply of XREAD or XREVRANGE.
#pragma once

#include "reprise/jobs/events.hpp"
#include "src/jobs/reply.hpp"

#include <string>
#include <vector>

namespace reprise::jobs {

// Of XREAD from one stream; empty where it had none within its time.
std::vector<event> events_in(const reply& answer);
// Of XREVRANGE … COUNT 1: the last position, or "0-0" where the stream is empty.
std::string last_position(const reply& answer);

}  // namespace reprise::jobs
