#include "src/jobs/link.hpp"

#include "src/backends/redis/wire.hpp"
#include "src/jobs/digest.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <charconv>
#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

constexpr milliseconds shortest_pause{50};
constexpr std::chrono::seconds longest_pause{2};
constexpr std::chrono::seconds quiet{30};    // between two lines about the same outage
constexpr std::chrono::seconds settled{10};  // a connection that ends sooner does not shorten the next pause

constexpr milliseconds moving_pause{50};  // between two attempts while a slot is moving

// What a server says that has executed nothing, since the data is another's: or will be, or comes here only now.
bool is_misplaced(std::string_view error) {
  for (const auto* code : {"MOVED ", "ASK ", "TRYAGAIN", "CLUSTERDOWN", "READONLY", "LOADING", "MASTERDOWN"})
    if (error.starts_with(code)) return true;
  return false;
}

// Not while a slot is on its way: the place is the right one still.
bool is_of_another_place(std::string_view error) { return !error.starts_with("ASK ") && !error.starts_with("TRYAGAIN"); }

// Is the answer to each command that it was not executed? Of several, some may have been: then none is sent again.
bool was_not_executed(const reply& answer) {
  for (std::size_t i = 0; i < answer.size(); i = answer.next(i))
    if (!answer.is_error(i) || !is_misplaced(answer.text(i))) return false;
  return answer.size() > 0;
}

bool is_no_script(const reply& answer) {
  for (std::size_t i = 0; i < answer.size(); ++i)
    if (answer.is_error(i) && answer.text(i).starts_with("NOSCRIPT")) return true;
  return false;
}

// The words of the commands in a request's payload, one after the other: what was pushed, once more.
void push_again(boost::redis::request& to, std::string_view payload) {
  const auto number = [&payload] {  // of a line "*3" or "$5"
    std::size_t value = 0;
    const auto end = payload.find("\r\n");
    std::from_chars(payload.data() + 1, payload.data() + end, value);
    payload.remove_prefix(end + 2);
    return value;
  };
  while (!payload.empty()) {
    std::vector<std::string_view> command(number());
    for (auto& word : command) {
      const auto size = number();
      word = payload.substr(0, size);
      payload.remove_prefix(size + 2);
    }
    to.push_range(command.front(), command.begin() + 1, command.end());
  }
}

}  // namespace

struct link::caller {
  done handler;
  std::size_t first_command, commands;  // of its burst
  std::size_t from, size;               // bytes of the burst's payload
  bool is_repeated = false;             // after NOSCRIPT
};

struct link::burst {
  boost::redis::request request;
  std::shared_ptr<answers> replies = std::make_shared<answers>();
  std::vector<caller> callers;
  milliseconds limit{0};  // the longest of theirs
  clock::time_point begun = clock::now();
  std::weak_ptr<wire> on;  // the connection that it was sent on
};

link::link(asio::any_io_executor executor, settings options)
    : executor_(executor),
      options_(std::move(options)),
      finder_(options_.redis),
      pause_(executor),
      changes_(executor),
      moving_(executor),
      unsent_(executor),
      pauses_(shortest_pause, longest_pause),
      random_(std::random_device{}()) {
  changes_.expires_at(clock::time_point::max());
}

void link::start() {
  asio::co_spawn(
      executor_, [self = shared_from_this()] { return self->keep_connected(); }, asio::detached);
}

void link::close() noexcept {
  if (std::exchange(is_closed_, true)) return;
  if (const auto open = std::exchange(wire_, nullptr)) open->cancel();
  if (opening_) opening_->cancel();
  pause_.cancel();
  changes_.cancel();
  moving_.cancel();
  unsent_.cancel();
  if (const auto unsent = std::exchange(gathering_, nullptr)) end(*unsent, errc::closed);
}

void link::drop() {
  if (!wire_) return;
  lost_because_ = "a call had no answer within its deadline";
  std::exchange(wire_, nullptr)->cancel();
}

asio::awaitable<void> link::connected(clock::duration limit) {
  const auto end = clock::now() + limit;
  const auto self = shared_from_this();
  while (!is_closed_ && !wire_ && clock::now() < end)
    co_await changes_.async_wait(asio::cancel_at(end, asio::as_tuple(asio::use_awaitable)));
}

// Connects, waits until that connection is over, pauses, and begins again.
asio::awaitable<void> link::keep_connected() {
  const auto self = shared_from_this();
  auto next_line = clock::now();
  while (!is_closed_) {
    lost_because_.clear();
    if (co_await find_place()) co_await connect_once();
    if (is_closed_) break;
    if (options_.logger && (!was_lost_ || clock::now() >= next_line)) {
      options_.logger->warn("[Jobs] {}: no connection to Redis at {}: {}; trying again", options_.log_name,
                            redis::address_of(options_.redis), lost_because_);
      next_line = clock::now() + quiet;
    }
    was_lost_ = true;
    pause_.expires_after(pauses_.next(std::uniform_real_distribution<>(0, 1)(random_)));
    (void)co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  changes_.cancel();
}

asio::awaitable<bool> link::find_place() {
  const auto found = co_await finder_.find(executor_, lost_because_);
  if (!found) co_return false;
  place_ = found->masters[found->slots ? found->slots->owners[redis::slot_of(options_.key)] : 0];
  co_return true;
}

asio::awaitable<void> link::connect_once() {
  const auto self = shared_from_this();
  auto over = std::make_shared<asio::steady_timer>(executor_, clock::time_point::max());
  trouble_ = std::make_shared<redis::wire_trouble>();
  auto fresh = std::make_shared<wire>(redis::make_wire(executor_, place_, trouble_));
  opening_ = fresh;
  auto config = redis::wire_config(place_, options_.client_name);
  if (options_.has_scripts)
    for (const auto source : script_sources) config.setup.push("SCRIPT", "LOAD", source);
  fresh->async_run(config, [self, fresh, over](boost::system::error_code error) {
    fresh->cancel();  // what was queued for this connection ends with it
    self->on_lost(fresh, error);
    over->expires_at(clock::time_point::min());  // whoever waits for it, now or later
  });
  const auto failed = co_await open(fresh);
  const auto opened = clock::now();
  opening_ = nullptr;
  if (!failed && !is_closed_) {
    if (std::exchange(was_lost_, false) && options_.logger) options_.logger->info("[Jobs] {}: connected again", options_.log_name);
    wire_ = fresh;
    changes_.cancel();
    flush();
  } else {
    fresh->cancel();
  }
  (void)co_await over->async_wait(asio::as_tuple(asio::use_awaitable));
  if (!failed && clock::now() - opened > settled) pauses_.reset();
}

// The first answer comes after the set-up: there is a connection then.
asio::awaitable<boost::system::error_code> link::open(std::shared_ptr<wire> fresh) {
  boost::redis::request first;
  first.get_config().cancel_on_connection_lost = false;  // but when it is known why there is none
  first.push("PING");
  boost::redis::generic_flat_response answer;
  const auto limit = (place_.tls ? 3 : 2) * place_.connect_deadline;
  const auto [error, bytes] =
      co_await fresh->async_exec(first, answer, asio::cancel_after(limit, asio::as_tuple(asio::use_awaitable)));
  if (error == asio::error::operation_aborted && lost_because_.empty()) lost_because_ = "no answer within the deadline";
  if (error) co_return error;
  trouble_->has_answered = true;
  if (!answer.has_value()) {
    lost_because_ = redis::fit_for_the_log(answer.error().diagnostic);
    co_return errc::refused;
  }
  co_return boost::system::error_code();
}

void link::on_lost(const std::shared_ptr<wire>& which, boost::system::error_code why) {
  // Where it was ended from here, the reason is known already.
  if (why != asio::error::operation_aborted || lost_because_.empty()) {
    lost_because_ = redis::explain(why, *trouble_, place_);
    if (place_.sentinels || !place_.cluster.empty()) lost_because_ = redis::to_text({place_.host, place_.port}) + ": " + lost_because_;
  }
  if (wire_ == which) wire_ = nullptr;
}

boost::system::error_code link::begin() {
  if (is_closed_) return errc::closed;
  if (calls_ >= options_.most_calls || bytes_ >= options_.most_bytes) return errc::overloaded;
  const auto& request = gathering()->request;
  begun_bytes_ = request.payload().size();
  begun_commands_ = request.get_expected_responses();
  return {};
}

std::shared_ptr<link::burst> link::gathering() {
  if (!gathering_) {
    gathering_ = std::make_shared<burst>();
    gathering_->request.get_config().cancel_if_not_connected = true;
  }
  return gathering_;
}

void link::push(words command) { gathering_->request.push_range(command.front(), command.begin() + 1, command.end()); }

void link::push_script(script which, words keys, words arguments) {
  char count[8];
  const auto end = std::to_chars(count, count + sizeof count, keys.size()).ptr;
  words_.clear();
  words_.push_back(digest_of(which));
  words_.emplace_back(count, static_cast<std::size_t>(end - count));
  words_.insert(words_.end(), keys.begin(), keys.end());
  words_.insert(words_.end(), arguments.begin(), arguments.end());
  gathering_->request.push_range("EVALSHA", words_.begin(), words_.end());
}

void link::finish(milliseconds limit, done handler) {
  auto& all = *gathering_;
  const auto size = all.request.payload().size() - begun_bytes_;
  const auto commands = all.request.get_expected_responses() - begun_commands_;
  all.limit = std::max(all.limit, limit);
  all.callers.push_back({std::move(handler), begun_commands_, commands, begun_bytes_, size});
  ++calls_;
  bytes_ += size;
  if (std::exchange(is_posted_, true)) return;
  // Behind what is ready now: calls of one turn travel together.
  asio::post(executor_, [self = shared_from_this()] {
    self->is_posted_ = false;
    self->flush();
  });
}

asio::awaitable<result<reply>> link::wait(milliseconds limit) {
  // Gathered now, whenever the coroutine is awaited.
  struct slot {
    std::optional<std::pair<boost::system::error_code, reply>> outcome;
    done waiting;
  };
  auto kept = std::make_shared<slot>();
  finish(limit, [kept](boost::system::error_code error, reply answer) {
    if (kept->waiting)
      std::move(kept->waiting)(error, std::move(answer));
    else
      kept->outcome.emplace(error, std::move(answer));
  });
  return [](std::shared_ptr<slot> mine) -> asio::awaitable<result<reply>> {
    if (!mine->outcome) {
      auto token = asio::as_tuple(asio::use_awaitable);
      auto [error, answer] = co_await asio::async_initiate<decltype(token), void(boost::system::error_code, reply)>(
          [&mine](auto handler) { mine->waiting = std::move(handler); }, token);
      mine->outcome.emplace(error, std::move(answer));
    }
    if (mine->outcome->first) co_return mine->outcome->first;
    co_return std::move(mine->outcome->second);
  }(std::move(kept));
}

namespace {

asio::awaitable<result<reply>> failed_call(boost::system::error_code why) { co_return why; }

}  // namespace

asio::awaitable<result<reply>> link::command(words command, milliseconds limit) {
  if (const auto error = begin()) return failed_call(error);
  push(command);
  return wait(limit);
}

asio::awaitable<result<reply>> link::run(script which, words keys, words arguments) {
  if (const auto error = begin()) return failed_call(error);
  push_script(which, keys, arguments);
  return wait(options_.deadline);
}

void link::flush() {
  if (!gathering_ || gathering_->callers.empty()) return;
  if (!wire_) return watch_unsent();
  send(std::exchange(gathering_, nullptr));
}

void link::send(std::shared_ptr<burst> ready) {
  auto& request = ready->request;
  const auto limit = ready->limit;
  ready->on = wire_;
  auto into = [replies = ready->replies](boost::redis::any_adapter::parse_event event,
                                         const boost::redis::resp3::node_view& node, boost::system::error_code&) {
    if (event == boost::redis::any_adapter::parse_event::node) replies->take(node);
  };
  wire_->async_exec(
      request, boost::redis::any_adapter(std::move(into)),
      asio::cancel_after(limit, [self = shared_from_this(), ready = std::move(ready)](
                                    boost::system::error_code error, std::size_t) { self->answered(ready, error); }));
}

void link::answered(const std::shared_ptr<burst>& sent, boost::system::error_code error) {
  if (error) {
    const bool is_unsent = error == boost::redis::error::not_connected;
    // Who waited in vain for one answer had better not wait behind it for the next; and what was sent must not be
    // executed after what is sent from now on.
    if (!is_unsent && wire_ && wire_ == sent->on.lock()) drop();
    return end(*sent, is_closed_ ? errc::closed : is_unsent ? errc::unavailable : errc::unknown_outcome);
  }
  const auto& replies = *sent->replies;
  std::vector<caller> unknown_scripts, misplaced;
  for (auto& one : sent->callers) {
    const auto last = one.first_command + one.commands;
    if (last > replies.commands.size()) {
      complete(one, errc::bad_reply, {});
      continue;
    }
    const auto to = last < replies.commands.size() ? replies.commands[last] : replies.nodes.size();
    reply answer(sent->replies, replies.commands[one.first_command], to);
    if (!one.is_repeated && wire_ && is_no_script(answer))
      unknown_scripts.push_back(std::move(one));
    else if (!is_closed_ && was_not_executed(answer) && clock::now() < sent->begun + options_.deadline)
      misplaced.push_back(std::move(one)), last_refusal_ = answer.text(0);
    else
      complete(one, {}, std::move(answer));
  }
  if (!unknown_scripts.empty()) send_again(std::move(unknown_scripts), *sent);
  if (!misplaced.empty()) keep(std::move(misplaced), *sent);
}

// What was not executed gathers with what comes next: until there is a connection to the right place, where this was not it,
// else for a moment.
void link::keep(std::vector<caller> callers, const burst& sent) {
  const auto next = gathering();
  for (auto& one : callers) take_over(std::move(one), sent, *next);
  next->limit = std::max(next->limit, sent.limit);
  next->begun = std::min(next->begun, sent.begun);
  if (is_of_another_place(last_refusal_) && wire_ && wire_ == sent.on.lock()) {
    lost_because_ = redis::fit_for_the_log(last_refusal_);
    std::exchange(wire_, nullptr)->cancel();
  }
  if (!wire_) return watch_unsent();
  moving_.expires_after(moving_pause);
  moving_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->flush();
  });
}

void link::take_over(caller one, const burst& from, burst& to) {
  one.first_command = to.request.get_expected_responses();
  const auto at = to.request.payload().size();
  push_again(to.request, from.request.payload().substr(one.from, one.size));
  one.from = at;
  to.callers.push_back(std::move(one));
}

// Somebody has emptied the server's scripts: it gets them again, and with them what it did not know how to do.
void link::send_again(std::vector<caller> callers, const burst& sent) {
  auto again = std::make_shared<burst>();
  again->request.get_config().cancel_if_not_connected = true;
  again->limit = sent.limit;
  for (const auto source : script_sources) again->request.push("SCRIPT", "LOAD", source);
  for (auto& one : callers) {
    one.is_repeated = true;
    take_over(std::move(one), sent, *again);
  }
  send(std::move(again));
}

void link::end(burst& unsent, boost::system::error_code why) {
  for (auto& one : unsent.callers) complete(one, why, {});
}

void link::complete(caller& one, boost::system::error_code error, reply answer) {
  --calls_;
  bytes_ -= one.size;
  if (!error && answer.is_error(0)) last_refusal_ = answer.text(0);
  std::move(one.handler)(error, std::move(answer));
}

// Calls that gather while there is no connection end when they have waited for their deadline.
void link::watch_unsent() {
  unsent_.expires_at(gathering_->begun + options_.deadline);
  unsent_.async_wait([self = shared_from_this(), which = std::weak_ptr(gathering_)](boost::system::error_code error) {
    const auto waiting = which.lock();
    if (error || !waiting || waiting != self->gathering_) return;
    self->gathering_ = nullptr;
    self->end(*waiting, errc::unavailable);
  });
}

}  // namespace reprise::jobs
