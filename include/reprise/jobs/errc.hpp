// The queue library's one list of expected failures.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace reprise::jobs {

enum class errc {
  unavailable = 1,   // no connection within the deadline: nothing was sent
  unknown_outcome,   // it was sent, and no answer came: it may have been executed or not, or may yet be
  refused,           // the server answered with an error: full, read-only, loading, no permission. Nothing was changed
  bad_reply,         // the server answered what the scripts do not answer
  overloaded,        // too many calls wait to be sent already: nothing was sent
  closed,            // the queue, worker or listener was closed: nothing was sent
  invalid_name,      // a queue's name or prefix: empty, or with `:` (name) or a control character in it; in a cluster without a hash tag
  invalid_id,        // a job's id: integers, what begins with `0:`, what has a `:`, and names of the queue's own keys
  invalid_options,   // an option out of its range; job_options.hpp has the ranges
  too_large,         // data beyond size_limit
  not_found,         // there is no such job
  wrong_state,       // the job is not in the state that the call is for
  locked,            // a worker has the job: it cannot be removed
  scheduled,         // the job is the next run of a job scheduler, which only its scheduler removes
  not_paused,        // only a paused queue can be obliterated
  has_active_jobs,   // and only one without active jobs, unless forced
  missing_lock,      // the job's lock has expired
  foreign_lock,      // another worker holds the job's lock
  pending_children,  // a flow's parent with children that have not finished
  failed_children,   // a flow's parent with children that have failed
  job_failed,        // the job that was waited for has failed for good; its failed_reason says why
  timed_out,         // the job that was waited for has not finished within the limit
};

const boost::system::error_category& errc_category() noexcept;  // "reprise.jobs"
inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), errc_category()}; }  // so that an errc is an error_code

template <class T>
using result = boost::system::result<T>;  // a value, or why there is none

}  // namespace reprise::jobs

template <>
struct boost::system::is_error_code_enum<reprise::jobs::errc> : std::true_type {};
