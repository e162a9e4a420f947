// Kept replies in SQLite: what a repeated request is answered, and which outbox rows that answer waits for.
#include "server/domain/repetition.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

#include <charconv>

namespace bookings {

using sqlite::connection;

namespace {

constexpr std::int64_t kept_ms = std::chrono::milliseconds(kept_for).count();
constexpr int most_tidied = 200;

std::string join(const std::vector<outbox_row>& rows) {
  std::string text;
  for (const auto& row : rows) text.append(text.empty() ? "" : " ").append(std::to_string(row.number));
  return text;
}

// Those of the rows that are still there. One that is gone was acknowledged by all whom it concerned.
std::vector<outbox_row> rows_left(connection& on, std::string_view numbers) {
  std::vector<outbox_row> rows;
  const auto* at = numbers.data();
  const auto* end = at + numbers.size();
  while (at < end) {
    std::int64_t number = 0;
    at = std::from_chars(at, end, number).ptr + 1;  // over the space
    auto query = on.use("SELECT what FROM outbox WHERE number = ?");
    if (query.bind(number).step()) rows.push_back({number, parse_change(query.text(0))});
  }
  return rows;
}

result<committed<kept_reply>> find_kept(connection& on, const repetition_key& what) {
  kept_reply kept;
  std::string numbers;
  {
    auto query = on.use(
        "SELECT fingerprint, status, body, outbox_rows FROM kept_replies"
        " WHERE user_id = ? AND route = ? AND key = ? AND created_at > ?");
    query.bind(what.user_id, what.route, what.key, on.now() - kept_ms);
    if (!query.step()) return errc::not_found;
    if (query.text(0) != what.fingerprint) return errc::idempotency_mismatch;
    kept = {static_cast<unsigned>(query.number(1)), query.text(2), true};
    numbers = query.text(3);
  }
  return committed<kept_reply>{std::move(kept), rows_left(on, numbers), {}};
}

}  // namespace

namespace sqlite {

void tidy_kept_replies(connection& on) {
  on.use("DELETE FROM kept_replies WHERE rowid IN ("
         " SELECT rowid FROM kept_replies WHERE created_at <= ? ORDER BY created_at LIMIT ?)")
      .bind(on.now() - kept_ms, most_tidied)
      .run();
}

}  // namespace sqlite

result<committed<kept_reply>> sqlite_store::find_kept_reply(const repetition_key& what) {
  return read("find_kept_reply", [&](connection& on) { return find_kept(on, what); });
}

result<committed<kept_reply>> sqlite_store::once(const repetition_key& what, const once_act& act) {
  return write("once", [&](connection& on) -> result<committed<kept_reply>> {
    auto kept = find_kept(on, what);
    if (kept || kept.error() != errc::not_found) return kept;
    auto done = act(*this);
    if (!done) return done;
    // OR REPLACE: one that is older than a day may still be there.
    on.use("INSERT OR REPLACE INTO kept_replies (user_id, route, key, fingerprint, status, body, outbox_rows,"
           " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(what.user_id, what.route, what.key, what.fingerprint, done->value.status, done->value.body,
              join(done->rows), on.now())
        .run();
    return done;
  });
}

}  // namespace bookings
