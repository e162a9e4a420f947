#include "reprise/jobs/worker.hpp"

#include <utility>

namespace reprise::jobs {

outcome outcome::completed(boost::json::value returns) {
  outcome what(kind::completed);
  what.value_ = std::move(returns);
  return what;
}

outcome outcome::failed(std::string reason, std::string stack) {
  outcome what(kind::failed);
  what.reason_ = std::move(reason);
  what.stack_ = std::move(stack);
  return what;
}

outcome outcome::unrecoverable(std::string reason, std::string stack) {
  auto what = failed(std::move(reason), std::move(stack));
  what.kind_ = kind::unrecoverable;
  return what;
}

outcome outcome::delayed(milliseconds pause) {
  outcome what(kind::delayed);
  what.pause_ = pause;
  return what;
}

outcome outcome::rate_limited(milliseconds pause) {
  outcome what(kind::rate_limited);
  what.pause_ = pause;
  return what;
}

}  // namespace reprise::jobs
