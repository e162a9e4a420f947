#include "src/jobs/event_stream.hpp"

#include <utility>

namespace reprise::jobs {

// {stream: [[position, [field, value, …]], …]}
std::vector<event> events_in(const reply& answer) {
  std::vector<event> events;
  if (!answer.is_array(0) || answer.count(0) == 0 || !answer.is_array(2)) return events;
  std::size_t at = 3;
  for (std::size_t n = answer.count(2); n > 0 && at < answer.size(); --n) {
    event one;
    one.position = answer.text(at + 1);
    const auto fields = answer.count(at + 2);
    for (std::size_t i = at + 3; i + 1 < at + 3 + fields; i += 2) {
      const auto name = answer.text(i);
      if (name == "event")
        one.name = answer.text(i + 1);
      else if (name == "jobId")
        one.job_id = answer.text(i + 1);
      else
        one.fields.emplace_back(name, answer.text(i + 1));
    }
    events.push_back(std::move(one));
    at = answer.next(at);
  }
  return events;
}

std::string last_position(const reply& answer) {
  if (answer.count(0) == 0) return "0-0";
  return std::string(answer.text(2));
}

}  // namespace reprise::jobs
