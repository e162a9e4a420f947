// One pass of the relay: the invalidations that the connected Redis has not acknowledged are repeated, once for each scope.
#include "src/engine/engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace reprise {
namespace {

constexpr std::size_t pass_rows = 500;
constexpr std::size_t chunk_keys = 500;
constexpr std::chrono::seconds quiet{30};  // between two lines about rows of another version
// A write that shows in a hundred thousand lists takes a second to repeat. In one pass that would end every lease, so
// such rows go in parts, this many keys a pass; their writer waits meanwhile.
constexpr std::size_t part_keys_a_pass = 10'000;
// With so many in hand no more rows are taken, so that memory stays bounded however many there are.
constexpr std::size_t most_part_keys = 200'000;

}  // namespace

auto response_cache::impl::relay_pass(relay_state& here, std::chrono::milliseconds at_least) -> awaitable<result<passed>> {
  invalidation_log::pass_request ask;
  ask.identity = here.identity;
  ask.at_least = at_least;
  ask.except = acknowledgements_.in_hand();
  std::size_t in_hand = 0;
  for (const auto& part : here.parts) {
    ask.except.push_back(part.row);
    in_hand += part.keys.size();
  }
  ask.limit = in_hand < most_part_keys ? pass_rows : 0;
  std::sort(ask.except.begin(), ask.except.end());
  auto read = co_await log_->read_pass(ask);
  if (!read) co_return read.error();
  // The clock of the log jumped: rows that this identity never acknowledged may be gone.
  if (!here.nonce.empty() && read->nonce != here.nonce) co_return errc::forgotten;
  // Nobody has claimed this identity, or that was forgotten: its claim will draw a new nonce, and what it holds is dead.
  // Where somebody else's claim is faster, the pass under the lease repeats what this one did not.
  if (read->nonce.empty()) {
    read->rows.clear();
    read->is_last = true;
  }
  if (settings_.weakened.trust_without_replay && !trust_.current(world_->now())) read->rows.clear();

  std::vector<std::string> keys;
  std::vector<std::int64_t> whole, unknown;
  bool needs_purge = false;
  for (const auto& row : read->rows) {
    if (row.is_everything && !settings_.weakened.unknown_rows_touch_nothing) {
      needs_purge = true;
      if (row.is_settled) unknown.push_back(row.number);
      continue;
    }
    auto its = generation_keys_of(row.scopes);
    if (row.is_settled && its.size() > chunk_keys) {
      here.parts.push_back({row.number, std::move(its)});
      continue;
    }
    if (row.is_settled) whole.push_back(row.number);
    keys.insert(keys.end(), std::make_move_iterator(its.begin()), std::make_move_iterator(its.end()));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (!keys.empty())
    if (const auto done = co_await remove(keys, settings_.lease / 2); !done) co_return done.error();
  const auto parts = co_await relay_parts(here);
  if (!parts) co_return parts.error();
  whole.insert(whole.end(), parts->begin(), parts->end());
  counters_.count_replays(whole.size());
  passed outcome;
  outcome.executed = std::move(whole);
  outcome.is_last = read->is_last && here.parts.empty();
  outcome.epoch = read->epoch;
  outcome.epochs = std::move(read->epochs);
  if (needs_purge) {
    std::int64_t epoch = 0;
    // To come into use, it must work under the new epoch. Once in use, that can wait as the rows' writers do: raising it is
    // a write on the store, which must not hold up a renewal.
    if (!trust_.current(world_->now())) {
      const auto raised = co_await raise_epoch_of_table();
      if (!raised) co_return raised.error();
      epoch = outcome.epochs[epoch_of_table()] = *raised;
    }
    acknowledgements_.hold(here.session, unknown);
    boost::asio::co_spawn(keeper_executor_, give_up_everything(here.session, here.identity, epoch, std::move(unknown)),
                          boost::asio::detached);
  }
  co_return outcome;
}

// It is in all stamps of this table, and in no others: what other tables made stays, for they know what the row means.
auto response_cache::impl::raise_epoch_of_table() -> awaitable<result<std::int64_t>> {
  const auto epoch = co_await log_->bump_epoch(epoch_of_table());
  if (!epoch || !logger_ || world_->now() < next_purge_line_.load()) co_return epoch;
  next_purge_line_ = world_->now() + quiet;
  logger_->warn("[Cache] The log has changes that this version does not know: what it has cached is given up (epoch {})", *epoch);
  co_return epoch;
}

// For rows of which this version cannot tell what they invalidate. As with any purge, no node works under an earlier epoch
// once every lease names this one; then the rows are executed, in whatever Redis. epoch 0: it is still to be raised.
auto response_cache::impl::give_up_everything(std::uint64_t session, std::string identity, std::int64_t epoch,
                                              std::vector<std::int64_t> rows) -> awaitable<void> {
  const auto self = shared_from_this();
  while (!stopped_ && trust_.session() == session) {
    if (epoch == 0) {
      const auto raised = co_await raise_epoch_of_table();
      if (raised) epoch = *raised;
    }
    if (epoch == 0) {
      co_await world_->sleep(settings_.period);
      continue;
    }
    const auto reached = co_await observer_->epoch_reached(epoch);
    if (!reached) continue;
    if (trust_.session() != session) break;
    acknowledgements_.add(session, rows);
    counters_.count_replays(rows.size());
    start_recording(session, identity);
    break;
  }
}

// Carries the parts on; returns the rows that are finished.
auto response_cache::impl::relay_parts(relay_state& here) -> awaitable<result<std::vector<std::int64_t>>> {
  std::vector<std::int64_t> finished;
  for (std::size_t sent = 0; sent < part_keys_a_pass && !here.parts.empty();) {
    auto& part = here.parts.front();
    const auto count = std::min(chunk_keys, part.keys.size());
    std::vector<std::string> chunk(part.keys.end() - static_cast<std::ptrdiff_t>(count), part.keys.end());
    if (const auto done = co_await remove(chunk, settings_.lease / 2); !done) co_return done.error();
    sent += count;
    part.keys.resize(part.keys.size() - count);
    if (!part.keys.empty()) continue;
    finished.push_back(part.row);
    here.parts.pop_front();
  }
  co_return finished;
}

// What was executed counts only on the session that it was executed on; then the log is told, apart from the passes.
void response_cache::impl::credit(const relay_state& here, const std::vector<std::int64_t>& rows) {
  if (trust_.session() == here.session) acknowledgements_.add(here.session, rows);
}

void response_cache::impl::start_recording(std::uint64_t session, const std::string& identity) {
  record_again_ = true;
  if (recording_.exchange(true)) return;
  boost::asio::co_spawn(keeper_executor_, record(session, identity), boost::asio::detached);
}

auto response_cache::impl::record(std::uint64_t session, std::string identity) -> awaitable<void> {
  const auto self = shared_from_this();
  if (world_->now() - claimed_at_.load() > claim_again) {
    // The nonce that comes back is looked at by the next pass.
    const auto asked = world_->now();
    if (const auto nonce = co_await log_->claim(identity)) claimed_at_ = asked;
  }
  // Again where a pass has ended meanwhile: somebody's write may wait for what it executed.
  while (record_again_.exchange(false)) {
    auto rows = acknowledgements_.unrecorded();
    if (rows.empty() || trust_.session() != session) continue;
    if (const auto done = co_await log_->acknowledge(identity, rows)) acknowledgements_.recorded(session, rows);
  }
  recording_ = false;
}

}  // namespace reprise
