// What the cache needs of the store: outbox and identities.
//
// Numbers are given before a write commits, so a row may appear below one that was read already. Nothing here rests on
// their order: each row has the list of those who have yet to acknowledge it, by the nonces of their identities. A write
// makes that list after its changes are carried out (unit.cpp): whoever is claimed later fills from data that have them.
// A nonce that has gone never comes back, so to strike it from a row is right whenever it happens.
//
// Nor is anything here one snapshot; the order of the commands stands in its place, and each says why. Which rows may go
// rests on the identities that are there and on no clock: one that was not claimed within the hour is deleted before the
// rows that it had not acknowledged. If it comes back, its claim finds nothing and draws a new nonce.
#include "server/stores/mongo/mongo_calls.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::unit;

namespace {

constexpr std::int64_t remembered_ms = 60 * 60 * 1000;  // how long a claim counts
constexpr std::int64_t minute_ms = 60 * 1000;
constexpr std::chrono::seconds unreadable_quiet{30};  // between two lines
constexpr std::size_t most_acknowledged = 500;        // in one command: it must stay a short write

using texts = std::vector<std::string>;
using numbers = std::vector<std::int64_t>;

// An identity that a lease names counts as claimed, whatever the clock says. Says whether any was deleted.
bool forget_old_identities(link& on) {
  const auto last = on.now() - remembered_ms;
  texts old;
  for (const auto& each : on.find(mongo::identities, make("claimedAt", make("$lte", last)))) old.push_back(each.text("_id"));
  if (old.empty()) return false;
  for (const auto& each : on.find(mongo::leases, {})) std::erase(old, each.text("identity"));
  return on.remove(mongo::identities, make("_id", make("$in", old), "claimedAt", make("$lte", last))) != 0;
}

// Strikes the nonces of identities that are there no more.
void strike_the_dead(link& on) {
  // Before the identities: one is there before any row names its nonce.
  auto named = on.distinct(mongo::outbox, "waiting", {});
  if (named.empty()) return;
  for (const auto& each : on.find(mongo::identities, {})) std::erase(named, each.text("nonce"));
  if (named.empty()) return;
  on.update(mongo::outbox, {make("waiting", make("$in", named)), make("$pullAll", make("waiting", named)), link::change::scope::all});
}

std::string nonce_of(link& on, const std::string& identity) {
  const auto known = on.find_one(mongo::identities, make("_id", identity));
  return known ? known->text("nonce") : "";
}

std::set<std::int64_t> awaited_rows(link& on) {
  std::set<std::int64_t> all;
  for (const auto& each : on.find(mongo::awaited, {})) all.insert(each.number("_id"));
  return all;
}

// The rows of intents stand for themselves until the outbox has them.
std::map<std::int64_t, document> intended_rows(const std::vector<document>& open) {
  std::map<std::int64_t, document> rows;
  for (const auto& intent : open)
    for (const auto& each : mongo::rows_of(intent))
      rows.emplace(each.number, make("_id", each.number, "what", each.what, "at", intent.number("at")));
  return rows;
}

// Those of the wanted rows that have yet to be acknowledged under this nonce; without one, all.
document filter_of(const store::pass_request& wanted, const std::string& nonce, const std::set<std::int64_t>& awaited,
                   std::int64_t now) {
  document filter;
  if (!nonce.empty()) filter.add("waiting", nonce);
  if (!wanted.except.empty()) filter.add("_id", make("$nin", wanted.except));
  if (wanted.at_least.count() == 0) return filter;
  // A row of the future is old as well: the clock was set back, and it must not wait until it has caught up.
  filter.add("$or", std::vector<document>{make("at", make("$lte", now - wanted.at_least.count())), make("at", make("$gt", now)),
                                          make("_id", make("$in", numbers(awaited.begin(), awaited.end())))});
  return filter;
}

bool is_wanted(const store::pass_request& wanted, const std::set<std::int64_t>& awaited, std::int64_t now, std::int64_t number,
               std::int64_t at) {
  if (std::binary_search(wanted.except.begin(), wanted.except.end(), number)) return false;
  const bool is_young = at > now - wanted.at_least.count() && at <= now;
  return !is_young || wanted.at_least.count() == 0 || awaited.contains(number);
}

// The outbox's rows, and those of intents that are not among them, by their numbers.
struct found_rows {
  std::map<std::int64_t, document> all;
  std::set<std::int64_t> unsettled;
};
found_rows read_rows(link& on, const store::pass_request& wanted, const std::string& nonce) {
  // Before the rows: a writer that says later that it waits is in the next pass.
  const auto awaited = wanted.at_least.count() == 0 ? std::set<std::int64_t>() : awaited_rows(on);
  // Before the outbox: what goes from here to there meanwhile is found in both, and not in neither.
  const auto open = mongo::open_intents(on);
  mongo::finish_old_intents(on, open);
  auto intended = intended_rows(open);
  const auto now = on.now();
  const auto most = static_cast<std::int64_t>(std::min<std::size_t>(wanted.limit, 1'000'000'000)) + 1;
  found_rows found;
  for (auto& each : on.find(mongo::outbox, filter_of(wanted, nonce, awaited, now), {.sort = make("_id", 1), .limit = most})) {
    const auto number = each.number("_id");
    intended.erase(number);
    found.all.emplace(number, std::move(each));
  }
  if (intended.empty()) return found;
  // One that has arrived meanwhile and is acknowledged already is nobody's work any more.
  numbers missing;
  for (const auto& [number, row] : intended) missing.push_back(number);
  for (const auto& each : on.find(mongo::outbox, make("_id", make("$in", missing)), {.fields = make("_id", 1)}))
    intended.erase(each.number("_id"));
  for (auto& [number, row] : intended) {
    if (!is_wanted(wanted, awaited, now, number, row.number("at"))) continue;
    found.unsettled.insert(number);
    found.all.emplace(number, std::move(row));
  }
  return found;
}

}  // namespace

namespace mongo {

void tidy_outbox(link& on) {
  forget_old_identities(on);
  strike_the_dead(on);
  const auto last = on.now() - remembered_ms;
  on.remove(outbox, make("waiting", texts(), "at", make("$lte", last)));  // written while there was no cache
  // Leases of processes that ended: they were given back, or set to nothing by whoever saw them end.
  on.remove(leases, make("identity", "", "at", make("$lte", last)));
}

}  // namespace mongo

result<std::string> mongo_store::claim_identity(const std::string& identity) {
  return read("claim_identity", [&](link& on) -> result<std::string> {
    forget_old_identities(on);
    const auto which = make("_id", identity);
    const auto known = on.find_one(mongo::identities, which);
    if (known && on.update(mongo::identities, {which, make("$set", make("claimedAt", on.now()))}) == 1)
      return known->text("nonce");

    // What its Redis holds is dead by the new nonce, and so no row that is there waits for it.
    const auto nonce = make_id();
    try {
      on.insert(mongo::identities, make("_id", identity, "nonce", nonce, "claimedAt", on.now()));
    } catch (const mongo::failure& error) {
      if (error.which() != mongo::failure::kind::duplicate) throw;
      const auto theirs = on.find_one(mongo::identities, which);
      if (!theirs) return errc::store_unavailable;  // claimed and forgotten in this moment: to be tried again
      return theirs->text("nonce");
    }
    return nonce;
  });
}

result<store::cache_pass> mongo_store::read_pass(const pass_request& wanted) {
  return read("read_pass", [&](link& on) -> result<cache_pass> {
    cache_pass pass;
    pass.nonce = shared_->nonce_seen(wanted.identity);
    found_rows found;
    for (;;) {
      found = read_rows(on, wanted, pass.nonce);
      // After the rows: where the identity was forgotten, and its nonce struck from them, that shows here.
      const auto nonce = nonce_of(on, wanted.identity);
      if (nonce == pass.nonce) break;
      shared_->see_nonce(wanted.identity, nonce);
      pass.nonce = nonce;
    }
    for (const auto& [number, row] : found.all) {
      if (pass.rows.size() == wanted.limit) {
        pass.is_last = false;
        break;
      }
      auto what = parse_change(row.text("what"));
      if (what.kind == change_kind::unknown) tell_unreadable(number);
      if (found.unsettled.contains(number)) pass.intents.push_back(number);
      pass.rows.push_back({number, std::move(what)});
    }
    if (const auto epochs = on.find_one(mongo::epochs, make("_id", "epochs"))) {
      pass.epoch = epochs->number("newest");
      for (const auto& each : epochs->children("of")) pass.epochs[each.text("prefix")] = each.number("epoch");
    }
    return pass;
  });
}

// Of each row once, and not of all where there are many: another version may go on writing them.
void mongo_store::tell_unreadable(std::int64_t number) {
  const std::scoped_lock lock(shared_->unreadable_mutex);
  const auto now = std::chrono::steady_clock::now();
  if (number <= shared_->last_unreadable || now < shared_->next_unreadable_line) return;
  shared_->last_unreadable = number;
  shared_->next_unreadable_line = now + unreadable_quiet;
  spdlog::warn("[Store] Outbox row {} cannot be read: is it corrupt, or has a newer version written it?", number);
}

result<outbox_row> mongo_store::append_row(const change& what) {
  return write("append_row", [&](unit& work) -> result<outbox_row> { return work.emit({what}).front(); });
}

result<void> mongo_store::acknowledge_rows(const std::string& identity, const std::vector<std::int64_t>& rows) {
  return read("acknowledge_rows", [&](link& on) -> result<void> {
    // As this process saw it last: a newer one has not acknowledged these, and does so when it meets them.
    auto nonce = shared_->nonce_seen(identity);
    if (nonce.empty()) nonce = nonce_of(on, identity);
    if (forget_old_identities(on)) strike_the_dead(on);
    for (std::size_t at = 0; at < rows.size(); at += most_acknowledged) {
      const auto end = std::min(rows.size(), at + most_acknowledged);
      const numbers part(rows.begin() + static_cast<std::ptrdiff_t>(at), rows.begin() + static_cast<std::ptrdiff_t>(end));
      // Nearly always it is the last to acknowledge, and the row goes at once. Intents are not in the outbox, and so
      // collect nothing.
      const auto which = make("$in", part);
      if (on.remove(mongo::outbox, make("_id", which, "waiting", texts{nonce})) == static_cast<std::int64_t>(part.size())) continue;
      on.update(mongo::outbox, {make("_id", which, "waiting", nonce), make("$pullAll", make("waiting", texts{nonce})),
                                link::change::scope::all});
      on.remove(mongo::outbox, make("_id", which, "waiting", texts()));
    }
    return {};
  });
}

result<void> mongo_store::await_rows(const std::vector<std::int64_t>& rows) {
  return read("await_rows", [&](link& on) -> result<void> {
    const auto now = on.now();
    on.remove(mongo::awaited, make("$or", std::vector<document>{make("since", make("$lte", now - minute_ms)),
                                                                make("since", make("$gt", now + minute_ms))}));
    std::vector<link::change> changes;
    for (const auto number : rows)
      changes.push_back({make("_id", number), make("$set", make("since", now)), link::change::scope::one,
                         link::change::when_missing::insert});
    on.update(mongo::awaited, changes);
    return {};
  });
}

store::backlog mongo::backlog_of(link& on) {
  const auto now = on.now();
  texts lacking;
  for (const auto& each : on.find(mongo::identities, make("claimedAt", make("$gt", now - remembered_ms))))
    lacking.push_back(each.text("nonce"));
  if (lacking.empty()) return {};
  const auto waiting = make("waiting", make("$in", lacking));
  const auto oldest = on.find_one(mongo::outbox, waiting, {.sort = make("_id", 1)});
  if (!oldest) return {};
  return {on.count(mongo::outbox, waiting), std::chrono::milliseconds{std::max<std::int64_t>(now - oldest->number("at"), 0)}};
}

result<store::backlog> mongo_store::outbox_backlog() {
  return read("outbox_backlog", [&](link& on) -> result<backlog> { return mongo::backlog_of(on); });
}

// Each write is a unit of its own: one of them all would hold the locks of very many users.
result<void> mongo_store::fill(const std::vector<std::string>&, const fill_act& act) { return act(*this); }

// One document for all: whoever sees the newest epoch sees each prefix's up to it.
result<std::int64_t> mongo_store::bump_cache_epoch(const std::string& prefix) {
  return read("bump_cache_epoch", [&](link& on) -> result<std::int64_t> {
    for (;;) {
      const auto before = on.find_one(mongo::epochs, make("_id", "epochs"));
      const auto epoch = before ? before->number("newest") + 1 : 1;
      std::vector<document> of{make("prefix", prefix, "epoch", epoch)};
      if (before)
        for (auto& each : before->children("of"))
          if (each.text("prefix") != prefix) of.push_back(std::move(each));
      if (!before) {
        if (on.insert_until_duplicate(mongo::epochs, {make("_id", "epochs", "newest", epoch, "of", of)}) == 1) return epoch;
      } else if (on.update(mongo::epochs, {make("_id", "epochs", "newest", epoch - 1),
                                           make("$set", make("newest", epoch, "of", of))}) == 1) {
        return epoch;
      }
    }
  });
}

}  // namespace bookings
