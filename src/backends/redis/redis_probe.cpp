#include "reprise/redis_probe.hpp"

#include "src/backends/redis/wire.hpp"

#include <boost/asio/cancel_after.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/redis/connection.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace reprise {
namespace {

namespace asio = boost::asio;
namespace resp3 = boost::redis::resp3;
using boost::redis::error;
using boost::system::error_code;
using reply = boost::redis::generic_flat_response;
using clock = std::chrono::steady_clock;

constexpr std::size_t largest_answer_bytes = 4 * 1024 * 1024;
constexpr std::size_t most_pushes = 1000;
constexpr std::chrono::milliseconds farewell{500};

redis_options bounded(redis_options options) {
  options.largest_read_bytes = std::min(options.largest_read_bytes, largest_answer_bytes);
  return options;
}

// The value that begins at `at`, which is left behind it. A tree is as deep as the parser lets it be.
template <class Nodes>
redis_answer read_value(const Nodes& nodes, std::size_t& at) {
  redis_answer value;
  if (at >= nodes.size()) return value;
  const auto& node = nodes.at(at++);
  if (node.data_type == resp3::type::null) return value;
  if (!resp3::is_aggregate(node.data_type)) {
    value.is = redis_answer::kind::text;
    value.text = node.value;
    return value;
  }
  value.is = redis_answer::kind::list;
  const auto count = node.aggregate_size * resp3::element_multiplicity(node.data_type);
  for (std::size_t i = 0; i < count && at < nodes.size(); ++i) value.items.push_back(read_value(nodes, at));
  return value;
}

redis_probe::step step_of(error_code why, const redis::wire_trouble& trouble) {
  using step = redis_probe::step;
  if (!trouble.files.empty()) return step::files;
  if (why.category() == asio::error::get_ssl_category() || why == error::ssl_handshake_timeout) return step::tls;
  if (why == error::resolve_timeout || why.category() == asio::error::get_netdb_category()) return step::name;
  if (why == error::resp3_hello) return step::login;
  const bool is_system_s = why.category() == asio::error::get_system_category();
  const bool has_hung_up = why == asio::error::connection_reset || why == asio::error::broken_pipe;
  return why == error::connect_timeout || (is_system_s && !has_hung_up) ? step::reaching : step::greeting;
}

}  // namespace

struct redis_probe::parts {
  explicit parts(redis_options given)
      : options(bounded(std::move(given))), wire(redis::make_wire(context.get_executor(), options, trouble)) {
    wire.set_receive_response(arrived);
  }

  // Handlers refer to what stands here, so none may outlive it.
  ~parts() {
    wire.cancel();
    const auto end = clock::now() + farewell;
    run_until([this] { return is_over || !was_begun; }, end);
    context.poll();
  }

  void run_until(const std::function<bool()>& is_done, clock::time_point end) {
    while (!is_done() && clock::now() < end) {
      if (context.stopped()) context.restart();
      if (context.run_one_until(end) == 0 && context.stopped()) return;  // nothing is left that could happen
    }
  }

  void begin() {
    was_begun = true;
    wire.async_run(redis::wire_config(options, "reprise-doctor"), [this](error_code why) {
      is_over = true;
      ended_because = why;
      wire.cancel();
    });
    listen();
  }

  void listen() {
    wire.async_receive2([this](error_code failed) {
      take_pushes();
      if (!failed && !is_over) listen();
    });
  }

  // >2 "invalidate" [key …]: the words of one push, without its lists' borders.
  void take_pushes() {
    if (!arrived.has_value()) return;
    for (const auto& node : arrived.value()) {
      if (node.depth == 0) {
        if (pushes.size() == most_pushes) pushes.pop_front();
        pushes.emplace_back();
      } else if (!pushes.empty() && !resp3::is_aggregate(node.data_type)) {
        pushes.back().emplace_back(node.value);
      }
    }
    arrived->clear();
  }

  result<redis_answer> ask(const boost::redis::request& command, std::chrono::milliseconds limit) {
    // It outlives this call where the handler is late, which cancel_after() does not allow to be for long.
    struct exchange {
      reply answer;
      std::optional<error_code> outcome;
    };
    const auto under_way = std::make_shared<exchange>();
    const auto end = clock::now() + limit;
    wire.async_exec(command, under_way->answer, asio::cancel_after(limit, [under_way](error_code failed, std::size_t) {
                      under_way->outcome = failed;
                    }));
    run_until([&] { return under_way->outcome.has_value(); }, end + farewell);
    take_pushes();
    if (!under_way->outcome) return errc::timed_out;
    if (*under_way->outcome && clock::now() >= end) return errc::timed_out;
    if (*under_way->outcome) return errc::unavailable;
    const auto& got = under_way->answer;
    if (!got.has_value())
      return redis_answer{redis_answer::kind::refusal, redis::fit_for_the_log(got.error().diagnostic), {}};
    std::size_t at = 0;
    if (got->empty()) return errc::bad_reply;
    return read_value(got.value(), at);
  }

  asio::io_context context{1};
  std::shared_ptr<redis::wire_trouble> trouble = std::make_shared<redis::wire_trouble>();
  redis_options options;
  reply arrived;
  boost::redis::connection wire;
  std::deque<std::vector<std::string>> pushes;
  bool was_begun = false, is_over = false, is_connected = false;
  error_code ended_because;
};

redis_probe::redis_probe(redis_options options) : parts_(std::make_unique<parts>(std::move(options))) {}
redis_probe::~redis_probe() = default;

auto redis_probe::connect() -> std::optional<fault> {
  auto& my = *parts_;
  my.begin();
  boost::redis::request first;
  first.get_config().cancel_on_connection_lost = false;  // but when it is known why there is none
  first.push("PING");
  const auto limit = (my.options.tls ? 3 : 2) * my.options.connect_deadline;
  const auto answer = my.ask(first, limit);
  if (my.is_over)
    return fault{step_of(my.ended_because, *my.trouble), redis::explain(my.ended_because, *my.trouble, my.options)};
  if (!answer) return fault{step::greeting, "no answer within " + std::to_string(limit.count()) + " ms"};
  if (answer->is == redis_answer::kind::refusal && !answer->text.starts_with("NOPERM"))
    return fault{step::login, answer->text};
  my.trouble->has_answered = true;
  my.is_connected = true;
  return {};
}

bool redis_probe::is_connected() const noexcept { return parts_->is_connected && !parts_->is_over; }

std::optional<std::chrono::system_clock::time_point> redis_probe::certificate_ends() const {
  if (parts_->trouble->certificate_ends == 0) return {};
  return std::chrono::system_clock::from_time_t(parts_->trouble->certificate_ends);
}

result<redis_answer> redis_probe::ask(const std::vector<std::string>& command, std::chrono::milliseconds limit) {
  if (!is_connected()) return errc::unavailable;
  boost::redis::request request;
  request.get_config().cancel_if_not_connected = true;
  if (command.size() == 1)
    request.push(command.front());
  else
    request.push_range(command.front(), command.begin() + 1, command.end());  // of none it would push nothing
  return parts_->ask(request, limit);
}

std::optional<std::vector<std::string>> redis_probe::next_push(std::chrono::milliseconds limit) {
  auto& my = *parts_;
  my.run_until([&my] { return my.is_over || !my.pushes.empty(); }, clock::now() + limit);
  if (my.pushes.empty()) return {};
  auto first = std::move(my.pushes.front());
  my.pushes.pop_front();
  return first;
}

}  // namespace reprise
