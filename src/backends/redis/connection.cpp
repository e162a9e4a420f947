#include "src/backends/redis/connection.hpp"

#include "src/backends/redis/server_facts.hpp"
#include "src/backends/redis/wire.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace reprise::redis {
namespace {

namespace asio = boost::asio;

// How many batches of reads may be under way while others gather. Fewer and larger ones are most of what a hit costs, here
// and in Redis; but a read that is held waits up to a round trip more, so only where round trips are short.
constexpr std::size_t most_near_batches = 2;
constexpr std::chrono::milliseconds near_round_trip{2};

boost::redis::config tracking_config(const redis_options& options) {
  auto config = wire_config(options, "reprise");
  // Tracks what is asked for (OPTIN), and tells more: a server that empties its data tells its tracking clients of that, in
  // order with its replies: also where it does so because it became a replica and takes over another server's data, which
  // ends no connection and may be over before anybody asks for its role.
  config.setup.push("CLIENT", "TRACKING", "ON", "OPTIN");
  return config;
}

}  // namespace

connection::connection(asio::any_io_executor executor, const redis_options& options)
    : executor_(executor), options_(options), wire_(make_wire(executor, options, trouble_)) {
  wire_.set_receive_response(pushes_);
}

void connection::start(std::function<void(const std::string& why)> ended, std::function<void(std::string_view)> changed) {
  changed_ = std::move(changed);
  asio::co_spawn(executor_, [self = shared_from_this()] { return self->listen(); }, asio::detached);
  auto run = [self = shared_from_this(), ended = std::move(ended)]() -> asio::awaitable<void> {
    const auto [error] = co_await self->wire_.async_run(tracking_config(self->options_), asio::as_tuple(asio::deferred));
    if (self->end_reason_.empty()) self->end_reason_ = explain(error, *self->trouble_, self->options_);
    self->is_over_ = true;
    self->wire_.cancel();  // what was queued for this server dies with the connection, and listen() ends
    ended(self->end_reason_);
  };
  asio::co_spawn(executor_, std::move(run), asio::detached);
}

void connection::close() noexcept {
  asio::post(executor_, [self = shared_from_this()] {
    self->is_over_ = true;
    self->wire_.cancel();
  });
}

auto connection::execute(const boost::redis::request& request, deadline limit, std::optional<redirect>* elsewhere)
    -> awaitable<reply> {
  reply answer;
  const auto sent = std::chrono::steady_clock::now();
  const auto [error, bytes] =
      co_await wire_.async_exec(request, answer, asio::cancel_after(limit, asio::as_tuple(asio::deferred)));
  if (const auto failed = outcome(error, answer, sent, limit)) {
    if (elsewhere && failed == errc::refused) *elsewhere = read_redirect(last_error_, options_.host);
    co_return failed;
  }
  co_return answer;
}

auto connection::execute_redirected(const boost::redis::request& request, const redirect& from, deadline limit)
    -> awaitable<reply> {
  if (!from.is_moved) {
    // For the next command of this connection, which is the one below: nothing comes between them in one turn.
    const auto asking = std::make_shared<boost::redis::request>();
    asking->get_config().cancel_if_not_connected = true;
    asking->push("ASKING");
    wire_.async_exec(*asking, boost::redis::ignore, asio::cancel_after(limit, [asking](boost::system::error_code, std::size_t) {}));
  }
  co_return co_await execute(request, limit);
}

auto connection::read(std::span<backend::slot> slots, deadline limit) -> awaitable<void> {
  if (!gathering_) {
    gathering_ = std::make_shared<read_batch>();
    // Behind what is ready now: requests that arrived together read together.
    asio::post(executor_, [self = shared_from_this()] { self->send_reads(); });
  }
  gathering_->due = std::max(gathering_->due, std::chrono::steady_clock::now() + limit);
  auto token = asio::as_tuple(asio::use_awaitable);
  const auto [failed] = co_await asio::async_initiate<decltype(token), void(boost::system::error_code)>(
      [&](auto handler) { gathering_->readers.push_back({slots, std::move(handler)}); }, token);
  if (failed) co_return failed;
  co_return result<void>();
}

void connection::send_reads() {
  if (!gathering_) return;
  if (batches_under_way_ >= most_near_batches && usual_round_trip_ <= near_round_trip) return;  // the next to come back sends it
  auto batch = std::exchange(gathering_, nullptr);
  if (is_over_) return batch->finish(errc::unavailable);  // it would be queued, and nobody would cancel it
  batch->sent = std::chrono::steady_clock::now();
  const auto limit = batch->due - batch->sent;
  if (limit <= deadline::zero()) return batch->finish(errc::timed_out);
  batch->compose(is_of_cluster() ? read_batch::commands::of_one_slot : read_batch::commands::of_any);
  auto& ask = batch->request;
  auto& answer = batch->reply;
  ++batches_under_way_;
  wire_.async_exec(ask, answer, asio::cancel_after(limit, [self = shared_from_this(), limit, batch = std::move(batch)](
                                                              boost::system::error_code error, std::size_t) {
                     auto failed = self->outcome(error, batch->reply, batch->sent, limit);
                     if (!failed) failed = read_batch::distribute(batch);
                     --self->batches_under_way_;
                     self->usual_round_trip_ += (std::chrono::steady_clock::now() - batch->sent - self->usual_round_trip_) / 8;
                     self->send_reads();  // first, so that Redis works while these are answered
                     batch->finish(failed);
                   }));
}

boost::system::error_code connection::outcome(boost::system::error_code error, const reply& answer, time sent, deadline limit) {
  take_pushes();
  if (is_emptied_) {
    // The answer may be another server's data.
    last_error_ = end_reason_;
    close();
    return errc::unavailable;
  }
  if (!error && answer.has_value()) return {};
  if (answer.has_error()) {
    last_error_ = fit_for_the_log(answer.error().diagnostic);
    // What only a server says that is no master with its data loaded, or is no more.
    for (const auto* code : {"READONLY", "LOADING", "MASTERDOWN"})
      if (last_error_.starts_with(code)) return errc::wrong_role;
    for (const auto* code : {"MOVED ", "CLUSTERDOWN"})
      if (last_error_.starts_with(code)) has_moved_ = true;
    return errc::refused;
  }
  last_error_ = end_reason_.empty() ? error.message() : end_reason_;
  // A connection that ends cancels what waits for it too, so the time tells which it was.
  if (error == asio::error::operation_aborted && std::chrono::steady_clock::now() - sent >= limit) return errc::timed_out;
  const bool not_understood = error.category() == boost::redis::make_error_code(boost::redis::error::not_connected).category() &&
                              error != boost::redis::error::not_connected;
  return not_understood ? errc::bad_reply : errc::unavailable;
}

// News that come while nobody waits for a reply.
asio::awaitable<void> connection::listen() {
  const auto self = shared_from_this();
  for (;;) {
    const auto [error] = co_await wire_.async_receive2(asio::as_tuple(asio::deferred));
    take_pushes();
    if (is_emptied_) close();
    if (error || is_emptied_) co_return;
  }
}

// A push was parsed before any reply that came after it: so whoever looks here before a reply is used, misses nothing.
//   >2 "invalidate" [key …]   tracked keys were changed, removed or evicted
//   >2 "invalidate" null      all data was dropped, or another server's taken over
void connection::take_pushes() {
  namespace resp3 = boost::redis::resp3;
  if (is_emptied_ || (pushes_.has_value() && pushes_->empty())) return;
  const auto end_of_trust = [this] {
    is_emptied_ = true;
    end_reason_ = "the server has emptied its data, or taken over another server's";
  };
  if (pushes_.has_error()) return end_of_trust();
  const auto& nodes = pushes_.value();
  for (auto node = nodes.begin(); node != nodes.end();) {
    // What is no list of keys may mean anything.
    const auto left = nodes.end() - node;
    if (left < 3 || node->data_type != resp3::type::push || node[1].value != "invalidate" ||
        node[2].data_type != resp3::type::array || left < 3 + static_cast<std::ptrdiff_t>(node[2].aggregate_size))
      return end_of_trust();
    const auto end = node + 3 + static_cast<std::ptrdiff_t>(node[2].aggregate_size);
    for (node += 3; node != end; ++node)
      if (changed_) changed_(node->value);
  }
  pushes_->clear();
}

auto connection::ping(deadline limit) -> awaitable<void> {
  boost::redis::request request;
  request.get_config().cancel_if_not_connected = true;
  request.push("PING");
  const auto answer = co_await execute(request, limit);
  if (!answer) co_return answer.error();
  co_return result<void>();
}

auto connection::run_script(script which, std::span<const std::string_view> keys,
                            std::span<const std::string_view> arguments, deadline limit) -> awaitable<reply> {
  const auto index = static_cast<std::size_t>(which);
  const auto count = std::to_string(keys.size());
  std::vector<std::string_view> words{digests_[index], count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  boost::redis::request request;
  request.get_config().cancel_if_not_connected = true;
  request.push_range("EVALSHA", words);
  auto answer = co_await execute(request, limit);
  if (answer || answer.error() != errc::refused || !last_error_.starts_with("NOSCRIPT")) co_return answer;
  // Somebody flushed the scripts; EVAL loads this one again.
  words[0] = script_sources[index];
  request.clear();
  request.push_range("EVAL", words);
  co_return co_await execute(request, limit);
}

void connection::push_questions(boost::redis::request& request) const {
  request.push("INFO", "server");
  request.push("INFO", "replication");
  if (is_of_cluster()) request.push("CLUSTER", "INFO");
}

auto connection::facts_in(const reply& answer) const -> result<server_facts> {
  const auto& nodes = answer.value();
  if (nodes.size() != (is_of_cluster() ? 3u : 2u)) return errc::bad_reply;
  return read_facts(nodes.at(0).value, nodes.at(1).value, is_of_cluster() ? std::string_view(nodes.at(2).value) : "");
}

auto connection::identify(deadline limit) -> awaitable<std::string> {
  boost::redis::request request;
  request.get_config().cancel_if_not_connected = true;
  push_questions(request);
  const auto answer = co_await execute(request, limit);
  if (!answer) co_return answer.error();
  const auto facts = facts_in(*answer);
  if (!facts) co_return facts.error();
  co_return identity_of(*facts);
}

auto connection::prepare() -> awaitable<std::string> {
  auto identity = co_await inspect();
  if (!identity) co_return identity;
  boost::redis::request request;
  request.get_config().cancel_if_not_connected = true;
  for (const auto source : script_sources) request.push("SCRIPT", "LOAD", source);
  const auto answer = co_await execute(request, options_.connect_deadline);
  if (!answer) co_return answer.error();
  const auto& nodes = answer->value();
  if (nodes.size() != script_sources.size()) co_return errc::bad_reply;
  for (std::size_t i = 0; i < digests_.size(); ++i) digests_[i] = nodes.at(i).value;
  co_return identity;
}

// The first that is asked, so it also waits for the connection that start() has begun.
auto connection::inspect() -> awaitable<std::string> {
  boost::redis::request request;
  request.get_config().cancel_if_not_connected = false;
  request.get_config().cancel_on_connection_lost = false;  // but until it is known why there is none
  push_questions(request);
  const auto limit = (options_.tls ? 3 : 2) * options_.connect_deadline;
  const auto answer = co_await execute(request, limit);
  if (!answer) {
    if (answer.error() == errc::timed_out) last_error_ = "no answer within " + std::to_string(limit.count()) + " ms";
    co_return answer.error();
  }
  trouble_->has_answered = true;
  const auto facts = facts_in(*answer);
  if (!facts) {
    last_error_ = "the server answers INFO as Redis does not";
    co_return facts.error();
  }
  last_error_ = why_unusable(*facts, is_of_cluster() ? "cluster" : "standalone");
  config_epoch_ = facts->config_epoch;
  if (last_error_.empty()) co_return identity_of(*facts);
  co_return facts->role == "slave" ? errc::wrong_role : errc::refused;
}

}  // namespace reprise::redis
