// The coroutine shell around the pure core, one file for each thing that it does:
//   serve.cpp       lookup, hit, bypass          fill.cpp    begin, collapse, origin read, commit
//   invalidate.cpp  UNLINK, wait, tidy           keeper.cpp  connect, claim, trust, renew, lose
//   relay.cpp       repeat and credit            observer.cpp  what writes wait for
//   settled.cpp     what refusals wait for
//   refresh.cpp     reads behind a reply, and replies after their time
//   look_at.cpp     what people and tools see of the keys
// The protocol and its reasons are in docs/architecture.md.
#pragma once

#include "reprise/response_cache.hpp"
#include "src/core/breaker.hpp"
#include "src/core/fill_machine.hpp"
#include "src/core/freshness.hpp"
#include "src/engine/acknowledgements.hpp"
#include "src/engine/counters.hpp"
#include "src/engine/flight.hpp"
#include "src/engine/l1.hpp"
#include "src/engine/observer.hpp"
#include "src/engine/origin_gate.hpp"
#include "src/engine/pending_reader.hpp"
#include "src/engine/refreshes.hpp"
#include "src/engine/trust.hpp"

#include <spdlog/logger.h>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <deque>
#include <mutex>
#include <type_traits>

namespace reprise {

// One GET on its way through the cache: prepared, looked for, served.
struct visit {
  visit(const cache_policy& as, const cache_request& asked, engine::prefix_counters& counted,
        std::chrono::steady_clock::duration within)
      : policy(as), request(asked), count(counted), left(within) {}

  const cache_policy& policy;
  const cache_request request;
  const origin* read = nullptr;
  const origin_maker* again = nullptr;  // null: nothing is read behind its reply
  engine::prefix_counters& count;
  std::chrono::steady_clock::duration left;  // of the deadline, for all its calls to the backend together
  std::optional<scope> where{};
  std::string key{}, generation_key{};  // empty where the request has none
  engine::trust::ticket ticket{};       // the trust under which it uses the cache; empty: it does not
  std::string_view why{};               // it does not: because
  bool is_alone = false;                // nor does it share anybody's read
  local_copies mode = local_copies::off;
  std::shared_ptr<const engine::local_entry> local{};   // what L1 has; its generation is still to be compared
  std::optional<backend::value> generation{}, entry{};  // what the look found
  bool is_looked = false;
  std::string unusable{};               // how the entry begins that it read and may not serve
  std::shared_ptr<const void> owner{};  // the engine: a server that stops hard destroys it before suspended requests
};

class response_cache::impl : public std::enable_shared_from_this<impl> {
 public:
  template <class T>
  using awaitable = boost::asio::awaitable<T>;
  using duration = std::chrono::steady_clock::duration;

  impl(options settings, std::shared_ptr<backend> where, std::shared_ptr<invalidation_log> log,
       std::shared_ptr<environment> world, std::shared_ptr<spdlog::logger> logger);

  awaitable<void> run();
  void stop() noexcept;
  std::unique_ptr<visit> prepare(const cache_policy& policy, const cache_request& request);
  awaitable<void> look(std::span<visit* const> several);
  awaitable<result<cached_reply>> serve(visit& request, const origin& read, const origin_maker& again);
  awaitable<result<void>> invalidate(std::vector<scope> scopes, std::vector<std::int64_t> rows);
  awaitable<result<void>> await_acknowledged(std::vector<std::int64_t> rows);
  awaitable<result<void>> invalidate_all(std::string prefix);
  awaitable<result<void>> wait_settled();
  awaitable<result<kept_keys>> keys(std::string of, std::string cursor, std::size_t count);
  awaitable<result<std::optional<kept_entry>>> entry(std::string key, std::size_t most_bytes);
  bool is_available() const { return static_cast<bool>(trust_.current(world_->now())); }
  statistics snapshot() const;

  // One call of the backend within the deadline: the plain cache client's.
  template <class F>
  auto once(F call) -> std::invoke_result_t<F, backend&, duration> {
    if (!backend_) co_return errc::unavailable;
    duration left = settings_.deadline;
    co_return co_await timed(left, [&](duration limit) { return call(*backend_, limit); });
  }

 private:
  // serve.cpp
  awaitable<result<cached_reply>> bypass(visit& request, std::string_view why);
  awaitable<result<cached_reply>> read_alone(visit& request, std::string_view why);
  awaitable<void> look_once(std::span<visit* const> several);
  void keep(const visit& request, const backend::value& entry);
  core::judged judge(visit& request, std::optional<std::string_view> generation, std::optional<std::string_view> entry);
  std::optional<cached_reply> answer_hit(visit& request, const backend::value& entry, const core::decoded_entry& decoded);
  std::optional<backend::value> plain_of(visit& request, const backend::value& entry, const core::decoded_entry& decoded);
  cached_reply answer_shared(const engine::shared_result& from, outcome how) const;
  // fill.cpp
  awaitable<result<cached_reply>> fill(visit& request, std::optional<std::string> seen);
  awaitable<result<cached_reply>> join(visit& request, std::shared_ptr<engine::flight> flight);
  awaitable<result<engine::shared_result>> lead(visit& request, backend::begun& begun, const std::string& token, bool& alone);
  awaitable<result<backend::begun>> begin(visit& request, const std::string& token);
  awaitable<void> commit(visit& request, const engine::shared_reply& reply, std::string captured, const std::string& lock);
  awaitable<result<std::shared_ptr<engine::shared_reply>>> read_origin(visit& request, std::function<void()> begins = {});
  std::shared_ptr<engine::shared_reply> share_entry(visit& request, const backend::value& entry, const core::decoded_entry& decoded);
  awaitable<void> drop_lock(visit& request, const std::string& lock);
  // refresh.cpp
  struct behind;
  void refresh_behind(const visit& request, const backend::value& entry, const boost::asio::any_io_executor& on);
  awaitable<void> refresh(std::unique_ptr<behind> work);
  awaitable<result<cached_reply>> fill_or_stale(visit& request, std::optional<std::string> seen, const backend::value& entry,
                                                const core::decoded_entry& decoded);
  // invalidate.cpp
  awaitable<result<std::string>> invalidate_here(std::vector<scope> scopes, const std::vector<std::int64_t>& rows);
  awaitable<void> tidy(std::vector<scope> scopes);
  std::vector<std::string> generation_keys_of(const std::vector<scope>& scopes) const;
  awaitable<result<void>> remove(const std::vector<std::string>& generation_keys, duration limit);
  void forget(const std::vector<std::string>& generation_keys);
  void tell_invalidated(std::string_view scope, std::size_t entries) const {
    if (settings_.on_invalidated) settings_.on_invalidated(scope, entries);
  }
  // look_at.cpp
  awaitable<result<void>> judge_states(std::vector<kept_key>& keys, const std::vector<std::string>& generations);
  // settled.cpp
  engine::pending_reader::reading read_pending();
  // relay.cpp
  struct relay_state {  // of one session
    std::uint64_t session = 0;
    std::string server;           // which data the backend says it holds
    std::string identity, nonce;  // as the log knows that, with this process's table; no nonce before the claim
    struct part {
      std::int64_t row = 0;
      std::vector<std::string> keys;  // still to be removed
    };
    std::deque<part> parts;  // rows of too many scopes for one pass
  };
  struct passed {
    std::vector<std::int64_t> executed;
    bool is_last = false;  // nothing is left that was there when the pass began
    std::int64_t epoch = 0;
    std::map<std::string, std::int64_t> epochs;
  };
  static constexpr std::chrono::seconds claim_again{30};
  awaitable<result<passed>> relay_pass(relay_state& here, std::chrono::milliseconds at_least);
  awaitable<result<std::vector<std::int64_t>>> relay_parts(relay_state& here);
  awaitable<result<std::int64_t>> raise_epoch_of_table();
  awaitable<void> give_up_everything(std::uint64_t session, std::string identity, std::int64_t epoch,
                                     std::vector<std::int64_t> rows);
  void credit(const relay_state& here, const std::vector<std::int64_t>& rows);
  void start_recording(std::uint64_t session, const std::string& identity);
  awaitable<void> record(std::uint64_t session, std::string identity);
  // keeper.cpp
  awaitable<result<void>> keep_session(std::uint64_t session, std::string server);
  awaitable<result<void>> keep_period(relay_state& here);
  engine::stamps stamps_of(const relay_state& here, const passed& outcome) const;
  result<void> extend(const relay_state& here, environment::steady_time sent);
  awaitable<result<void>> put_lease(std::string identity, std::int64_t epoch);
  awaitable<void> give_back();
  void lose(std::uint64_t session, std::string_view why);

  // With the table's hash in it, a name towards the log says also by what the rows that it acknowledges were expanded, and a
  // stamp who can have made an entry. The backend knows nothing of it.
  std::string with_table(const std::string& server) const {
    return settings_.table.empty() ? server : server + '#' + settings_.table;
  }
  std::string name_in_log(const std::string& server) const {
    return settings_.weakened.identity_without_table ? server : with_table(server);
  }
  // Under which the log keeps the epoch of all that this table made. No prefix: '#' is in none.
  std::string epoch_of_table() const { return '#' + settings_.table; }

  // How long a reply of this status may be served; absent where it is not stored.
  std::optional<std::chrono::seconds> ttl_of(const cache_policy& policy, unsigned status) const {
    if (status >= 200 && status < 300) return policy.ttl.value_or(settings_.default_ttl);
    return status == 404 ? policy.not_found_ttl : std::nullopt;
  }
  void log_request(spdlog::level::level_enum level, const visit& request, std::string_view what) const;
  double random_unit();

  // One call within what is left of a request's deadline, counted, and refused at once while the breaker is open.
  template <class F>
  auto timed(duration& left, F call) -> std::invoke_result_t<F, duration> {
    const auto began = world_->now();
    if (left <= duration::zero() || !breaker_allows(began)) co_return errc::unavailable;
    const auto session = trust_.session();
    auto answer = co_await call(left);
    const auto took = world_->now() - began;
    left -= took;
    counters_.count_call(took, answer.has_value());
    after_call(session, answer.has_value() ? boost::system::error_code() : answer.error());
    co_return answer;
  }
  bool breaker_allows(environment::steady_time now);
  void after_call(std::uint64_t session, boost::system::error_code error);

  const options settings_;
  const std::shared_ptr<backend> backend_;
  const key_style keys_;  // the backend's
  const std::shared_ptr<invalidation_log> log_;
  const std::shared_ptr<environment> world_;
  const std::shared_ptr<spdlog::logger> logger_;

  engine::trust trust_;
  engine::l1 local_;
  engine::counters counters_;
  engine::fills fills_;
  engine::bypasses bypasses_;
  engine::refreshes refreshes_;
  const std::shared_ptr<engine::origin_gate> gate_;

  std::mutex breaker_mutex_;
  core::breaker breaker_;
  std::atomic<bool> breaker_closed_{true};  // so that a hit takes no lock

  engine::acknowledgements acknowledgements_;
  const std::shared_ptr<engine::observer> observer_;
  engine::pending_reader pending_;
  const std::string node_;  // this process's name in the log, drawn at its start
  std::atomic<std::int64_t> lease_count_{0};
  std::atomic<environment::steady_time> claimed_at_{}, next_purge_line_{};
  std::atomic<bool> recording_{false}, record_again_{false};
  boost::asio::any_io_executor keeper_executor_;  // set before the backend is first opened
  std::atomic<bool> stopped_{false};
};

}  // namespace reprise
