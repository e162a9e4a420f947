#include "reprise/jobs/errc.hpp"

#include <string>

namespace reprise::jobs {

const boost::system::error_category& errc_category() noexcept {
  static const struct : boost::system::error_category {
    const char* name() const noexcept override { return "reprise.jobs"; }
    std::string message(int value) const override {
      switch (static_cast<errc>(value)) {
        case errc::unavailable:
          return "not connected to the queue's Redis";
        case errc::unknown_outcome:
          return "no answer from the queue's Redis: it may have been done or not";
        case errc::refused:
          return "the queue's Redis answered with an error";
        case errc::bad_reply:
          return "the queue's Redis answered what the scripts do not answer";
        case errc::overloaded:
          return "too many calls wait for the queue's Redis";
        case errc::closed:
          return "the queue was closed";
        case errc::invalid_name:
          return "not a valid queue name or prefix";
        case errc::invalid_id:
          return "not a valid job id";
        case errc::invalid_options:
          return "an option is out of its range";
        case errc::too_large:
          return "the job's data is too large";
        case errc::not_found:
          return "there is no such job";
        case errc::wrong_state:
          return "the job is in another state";
        case errc::locked:
          return "a worker has the job";
        case errc::scheduled:
          return "the job belongs to a job scheduler";
        case errc::not_paused:
          return "the queue is not paused";
        case errc::has_active_jobs:
          return "the queue has active jobs";
        case errc::missing_lock:
          return "the job's lock has expired";
        case errc::foreign_lock:
          return "another worker holds the job's lock";
        case errc::pending_children:
          return "the job has children that have not finished";
        case errc::failed_children:
          return "the job has children that have failed";
        case errc::job_failed:
          return "the job has failed";
        case errc::timed_out:
          return "the job has not finished in time";
      }
      return "unknown";
    }
  } category;
  return category;
}

}  // namespace reprise::jobs
