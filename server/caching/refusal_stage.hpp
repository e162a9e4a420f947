// The stage that stands around all others which may refuse a write because of what somebody else wrote: an overlap, a
// state that has changed, a gig that is gone. Such a refusal tells of that write and so is an acknowledgement of it: it
// is given only when no node can show what was before. Here, once, so that no controller can forget it.
#pragma once

#include "server/caching/invalidations.hpp"
#include "server/http/pipeline.hpp"

namespace bookings::caching {

// `invalidate` must outlive the stage. A refusal that cannot be given in time becomes errc::unsettled.
http::around_stage make_refusal_stage(invalidator& invalidate, http::around_stage inner);

}  // namespace bookings::caching
