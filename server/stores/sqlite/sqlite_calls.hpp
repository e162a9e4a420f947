// How sqlite_store runs a call: lock or loan, transaction, and SQLite's failures in our words. For its own files only.
#pragma once

#include "server/stores/sqlite/connection.hpp"
#include "server/stores/sqlite/reader_pool.hpp"
#include "server/stores/sqlite/sqlite_store.hpp"

#include <exception>

namespace bookings {
namespace sqlite {

// The errc of what a call threw, which is logged here (a line per operation in ten seconds). REQUIRES: called in a catch block.
errc translate_current_exception(const char* operation) noexcept;

// Writes the change as an outbox row, in the transaction that is open.
outbox_row emit(connection& on, const change& what);
std::vector<outbox_row> emit_all(connection& on, const std::vector<change>& changes);
// As store::outbox_backlog, as the transaction that is open sees it.
store::backlog backlog_of(connection& on);
// As store::places_showing, as the transaction that is open sees it.
showing showing_of(connection& on, const change& what);
// What other resources need of a user or a booking, in the transaction that is open. errc::not_found
result<user> look_up_user(connection& on, const id& user_id);
// errc::not_found for a deleted account too: a request that was let in before it went writes nothing to it any more.
result<user> look_up_living_user(connection& on, const id& user_id);
result<booking_view> look_up_booking(connection& on, const id& booking_id);
// The booking follows its payment, in the transaction that is open; the rows are of both parties' lists.
std::vector<outbox_row> set_payment_status(connection& on, const booking& of, payment_status to);
// Writes an entry of the trail, in the transaction that is open: the transaction of the act.
void note(connection& on, const act& what);
// Deletes a bounded number of replies that need not be kept any more, in the transaction that is open.
void tidy_kept_replies(connection& on);

}  // namespace sqlite

template <class F>
auto sqlite_store::read(const char* operation, F f) -> std::invoke_result_t<F, sqlite::connection&> {
  try {
    auto lent = readers_->borrow();
    // One snapshot for all queries of the call. It ends with the call: after a read there is nothing to commit.
    sqlite::transaction snapshot(*lent, sqlite::transaction::kind::reading);
    return f(*lent);
  } catch (...) {
    return sqlite::translate_current_exception(operation);
  }
}

template <class F>
auto sqlite_store::write(const char* operation, F f) -> std::invoke_result_t<F, sqlite::connection&> {
  const std::scoped_lock lock(writer_mutex_);
  try {
    if (writer_->in_transaction()) return f(*writer_);
    sqlite::transaction changes(*writer_, sqlite::transaction::kind::writing);
    auto outcome = f(*writer_);
    if (outcome) {
      tidy_now_and_then(*writer_);
      changes.commit();
    }
    return outcome;
  } catch (...) {
    return sqlite::translate_current_exception(operation);
  }
}

}  // namespace bookings
