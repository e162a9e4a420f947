// Kept replies in MongoDB: what a repeated request is answered, and which outbox rows that answer waits for.
#include "server/domain/repetition.hpp"
#include "server/stores/bulk.hpp"
#include "server/stores/mongo/mongo_calls.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;
using mongo::unit;

namespace {

constexpr std::int64_t kept_ms = std::chrono::milliseconds(kept_for).count();

std::string name_of(const repetition_key& what) { return reply_key({what.user_id, what.route, what.key}); }

// Those of the rows that are still there. One that is gone was acknowledged by all whom it concerned: a reply is kept
// only after its rows are in the outbox.
std::vector<outbox_row> rows_left(link& on, const std::vector<std::int64_t>& numbers) {
  std::vector<outbox_row> rows;
  if (numbers.empty()) return rows;
  for (const auto& each : on.find(mongo::outbox, make("_id", make("$in", numbers)), {.sort = make("_id", 1)}))
    rows.push_back({each.number("_id"), parse_change(each.text("what"))});
  return rows;
}

result<committed<kept_reply>> find_kept(link& on, const repetition_key& what) {
  const auto found =
      on.find_one(mongo::kept_replies, make("_id", name_of(what), "at", make("$gt", on.now() - kept_ms)));
  if (!found) return errc::not_found;
  if (found->text("fingerprint") != what.fingerprint) return errc::idempotency_mismatch;
  kept_reply kept{static_cast<unsigned>(found->number("status")), found->text("body"), true};
  return committed<kept_reply>{std::move(kept), rows_left(on, found->numbers("rows")), {}};
}

std::vector<std::int64_t> numbers_of(const std::vector<outbox_row>& rows) {
  std::vector<std::int64_t> numbers;
  for (const auto& row : rows) numbers.push_back(row.number);
  return numbers;
}

}  // namespace

namespace mongo {

void tidy_kept_replies(link& on) { on.remove(kept_replies, make("at", make("$lte", on.now() - kept_ms))); }

}  // namespace mongo

result<committed<kept_reply>> mongo_store::find_kept_reply(const repetition_key& what) {
  return read("find_kept_reply", [&](link& on) { return find_kept(on, what); });
}

result<committed<kept_reply>> mongo_store::once(const repetition_key& what, const once_act& act) {
  return write("once", [&](unit& work) -> result<committed<kept_reply>> {
    // Before all other locks, and taken by nobody who holds another one.
    work.lock({"once:" + name_of(what)});
    auto kept = find_kept(work.on(), what);
    if (kept || kept.error() != errc::not_found) return kept;
    mongo_store inner(*this, work);
    auto done = act(inner);
    if (!done) return done;
    work.tell(mongo::kept_replies, make("_id", name_of(what)),
              make("user", what.user_id, "fingerprint", what.fingerprint, "status", done->value.status, "body",
                   done->value.body, "rows", numbers_of(done->rows), "at", work.on().now()));
    return done;
  });
}

}  // namespace bookings
