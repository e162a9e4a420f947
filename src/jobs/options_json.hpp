// A job's options as JSON, with BullMQ's short names: `de` is deduplication, `kl` keepLogs, `tm` telemetry; the rest is written out.
#pragma once

#include "reprise/jobs/errc.hpp"
#include "reprise/jobs/job_options.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace reprise::jobs {

// errc::invalid_options or invalid_id where something is out of its range.
boost::system::error_code check(const job_options& options);
// What is kept in the hash. `attempts` is always there, as Node.js writes it.
std::string to_json(const job_options& options);
// What of it is not understood is left out: others may have written it.
job_options options_from(const boost::json::object& opts);
// Of removeOnComplete and removeOnFail: true, false, a number or an object.
std::optional<retention> retention_from(const boost::json::value& value);

}  // namespace reprise::jobs
