// Jobs and their options in the words of BullMQ's own API, as the Node.js peer tells them: what a test asks of one peer
// it can ask of the other, and what both say of a job can be compared.
#pragma once

#include "reprise/jobs/events.hpp"
#include "reprise/jobs/job.hpp"
#include "reprise/jobs/queue.hpp"
#include "reprise/jobs/worker.hpp"

#include <boost/json/object.hpp>

#include <string_view>

namespace interop {

// Throw std::exception where a word or type is unknown: a test that asks for what is not there must not pass.
reprise::jobs::job_options job_options_of(const boost::json::object& told);
void read_worker_options(const boost::json::object& told, reprise::jobs::worker_options& options);
reprise::jobs::job_state state_of(std::string_view name);
std::string_view name_of(reprise::jobs::job_state state);
// Absent members are absent, as JSON.stringify leaves out what is undefined.
boost::json::object told(const reprise::jobs::job& job, reprise::jobs::job_state state);
boost::json::object told(const reprise::jobs::job_counts& counts);
boost::json::object told(const reprise::jobs::event& event);

}  // namespace interop
