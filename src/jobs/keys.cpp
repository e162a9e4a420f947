#include "src/jobs/keys.hpp"

#include "reprise/jobs/errc.hpp"

#include <boost/system/system_error.hpp>

#include <boost/beast/core/detail/base64.hpp>

#include <algorithm>
#include <array>

namespace reprise::jobs {
namespace {

bool has_control_character(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// A job called like one of these would be stored in the queue's own key.
constexpr std::array<std::string_view, 19> names_of_keys{
    "id",      "meta",      "wait",    "paused",        "active", "prioritized", "pc",
    "delayed", "completed", "failed",  "stalled",       "marker", "events",      "waiting-children",
    "limiter", "repeat",    "metrics", "stalled-check", "delay"};

}  // namespace

queue_keys::queue_keys(std::string_view prefix_of_all, std::string_view queue)
    : prefix(std::string(prefix_of_all) + ":" + std::string(queue) + ":"),
      id(of("id")),
      meta(of("meta")),
      wait(of("wait")),
      paused(of("paused")),
      active(of("active")),
      prioritized(of("prioritized")),
      pc(of("pc")),
      delayed(of("delayed")),
      completed(of("completed")),
      failed(of("failed")),
      waiting_children(of("waiting-children")),
      stalled(of("stalled")),
      stalled_check(of("stalled-check")),
      marker(of("marker")),
      events(of("events")),
      limiter(of("limiter")),
      repeat(of("repeat")) {}

bool queue_keys::is_valid(std::string_view prefix_of_all, std::string_view queue) noexcept {
  return !prefix_of_all.empty() && !queue.empty() && queue.find(':') == std::string_view::npos &&
         !has_control_character(prefix_of_all) && !has_control_character(queue);
}

std::string client_name(std::string_view prefix, std::string_view queue, std::string_view suffix) {
  namespace base64 = boost::beast::detail::base64;
  std::string encoded(base64::encoded_size(queue.size()), '\0');
  encoded.resize(base64::encode(encoded.data(), queue.data(), queue.size()));
  auto name = std::string(prefix) + ":" + encoded + std::string(suffix);
  std::replace(name.begin(), name.end(), ' ', '_');  // CLIENT SETNAME takes none
  return name;
}

void queue_keys::check(std::string_view prefix_of_all, std::string_view queue, const redis_options& server) {
  const auto name = std::string(prefix_of_all).append(1, ':').append(queue);
  if (!is_valid(prefix_of_all, queue)) throw boost::system::system_error(errc::invalid_name, name);
  const auto open = name.find('{'), close = open == name.npos ? open : name.find('}', open);
  if (!server.cluster.empty() && (close == name.npos || close == open + 1))
    throw boost::system::system_error(errc::invalid_name, name + " has no hash tag, which a cluster needs: such as {bull}");
}

bool is_valid_job_id(std::string_view job_id) noexcept {
  if (job_id.empty() || job_id.find(':') != std::string_view::npos || has_control_character(job_id)) return false;
  // Numbers are what the queue itself gives.
  const auto digits = job_id.front() == '-' ? job_id.substr(1) : job_id;
  if (!digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  return std::find(names_of_keys.begin(), names_of_keys.end(), job_id) == names_of_keys.end();
}

}  // namespace reprise::jobs
