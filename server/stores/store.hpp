// The data of the marketplace. Calls block: the server runs them on its store pool (server/stores/async_store.hpp).
//
// Every write commits its outbox rows in its own transaction, whoever calls it (server, `seed`, tests) and whether or
// not a cache is in use; no setting turns that off, and only within fill() something else stands for them. A read sees a snapshot that began after it was asked for.
//
// Thread-safe. Errors of every call: errc::store_unavailable where the store cannot be reached or stays locked (the
// outcome of a write is then unknown), errc::internal for what should not happen. Others are named at the call.
#pragma once

#include "server/domain/account.hpp"
#include "server/domain/booking.hpp"
#include "server/domain/change.hpp"
#include "server/domain/gateway_payment.hpp"
#include "server/domain/gig.hpp"
#include "server/domain/payment.hpp"
#include "server/domain/profile.hpp"
#include "server/domain/repetition.hpp"
#include "server/domain/review.hpp"
#include "server/domain/trail.hpp"
#include "server/domain/user.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bookings {

class store;

// One write, made with the store that it is given, and what it is to be answered.
using once_act = std::function<result<committed<kept_reply>>(store&)>;

// Many writes, made with the store that they are given.
using fill_act = std::function<result<void>(store&)>;

class store {
 public:
  virtual ~store() = default;

  // users ------------------------------------------------------------------------------------------------------------
  // errc::email_taken
  virtual result<void> create_user(const user& account) = 0;
  // errc::not_found; `email` as normalize_email gives it
  virtual result<user> find_user_by_email(const std::string& email) = 0;
  // errc::not_found
  virtual result<user> find_user(const id& user_id) = 0;
  // errc::not_found, also for a deleted account
  virtual result<public_profile> find_profile(const id& user_id) = 0;
  // errc::not_found, also for a deleted account. No outbox row where only what nobody else sees was named.
  virtual result<committed<user>> update_profile(const id& user_id, const profile_changes& changes) = 0;

  // sessions: what ends tokens. The writes answer what is there after them; errc::not_found also for a deleted account
  virtual result<session> find_session(const id& user_id) = 0;
  // Ends all of the user's tokens.
  virtual result<committed<session>> end_sessions(const id& user_id) = 0;
  // Changes the password and ends all tokens. `if_version`: errc::unauthorized where the user's version is another by
  // now, so that a change cannot follow on what another one has ended.
  virtual result<committed<session>> change_password(const id& user_id, const std::string& password_hash,
                                                     std::int64_t if_version) = 0;
  // Replaces the hash by another one of the same password. Does nothing where it is not `old_hash` any more.
  virtual result<void> rehash_password(const id& user_id, const std::string& old_hash, const std::string& new_hash) = 0;
  // What an admin does to another account, noted in the trail. Errors as check_administration says.
  virtual result<committed<session>> reset_password(const id& user_id, const std::string& password_hash,
                                                    const id& admin) = 0;
  // Both end all tokens where they change the state; one that is there already is no error, and not noted again.
  virtual result<committed<session>> block_user(const id& user_id, const id& admin,
                                                const std::optional<std::string>& reason) = 0;
  virtual result<committed<session>> unblock_user(const id& user_id, const id& admin,
                                                  const std::optional<std::string>& reason) = 0;

  // an account as a whole: errc::not_found also for a deleted one
  virtual result<account_export> export_account(const id& user_id) = 0;
  // Its end, in one transaction: pending bookings are cancelled, gigs withdrawn, the person's fields erased, the name
  // is deleted_name, the email free, the password `unusable_hash`, all tokens ended. Bookings, reviews and payments
  // stay, for the other party. Errors as check_deletion says; errc::unauthorized where the user's version is not
  // `if_version`.
  virtual result<committed<session>> delete_account(const id& user_id, const std::string& unusable_hash,
                                                    std::int64_t if_version) = 0;

  // gigs -------------------------------------------------------------------------------------------------------------
  virtual result<page<gig>> list_gigs(const gig_query& query) = 0;
  // errc::not_found, also for a deleted one
  virtual result<gig> find_gig(const id& gig_id) = 0;
  // errc::not_found where its teacher is not there.
  virtual result<committed<gig>> create_gig(const gig& offer) = 0;
  // errc::not_found, errc::forbidden where `owner` is not its teacher.
  virtual result<committed<gig>> update_gig(const id& gig_id, const id& owner, const gig_changes& changes) = 0;
  // As update_gig. Its bookings stay and go on showing it.
  virtual result<committed<gig>> delete_gig(const id& gig_id, const id& owner) = 0;

  // bookings ---------------------------------------------------------------------------------------------------------
  virtual result<page<booking_view>> list_bookings(const booking_query& query) = 0;
  // errc::not_found; says nothing of who may see it
  virtual result<booking_view> find_booking(const id& booking_id) = 0;
  // Takes id, student, gig, times, note and status from `wanted`; teacher and price come from the gig.
  // errc::not_found where the gig is not there; errc::overlap where an accepted booking of that teacher is in the way.
  virtual result<committed<booking_view>> create_booking(const booking& wanted) = 0;
  // errc::not_found, errc::forbidden, errc::wrong_state as check_transition says; errc::overlap for accepting what
  // overlaps an accepted one.
  virtual result<committed<booking_view>> change_booking_status(const id& booking_id, const id& who,
                                                                booking_status wanted) = 0;

  // reviews ----------------------------------------------------------------------------------------------------------
  // errc::not_found where there is no such gig (a deleted one counts) or teacher.
  virtual result<page<review_view>> list_reviews(const review_query& query) = 0;
  // Takes id, booking, student, rating, comment and time from `wanted`, the rest from the booking. errc::not_found,
  // errc::forbidden, errc::wrong_state as check_reviewable says; errc::already_reviewed.
  virtual result<committed<review_view>> create_review(const review& wanted) = 0;

  // manual payments --------------------------------------------------------------------------------------------------
  // Newest first.
  virtual result<page<manual_payment_view>> list_manual_payments(const manual_payment_query& query) = 0;
  // Makes the booking's payment pending. REQUIRES: `wanted` is pending. errc::not_found, errc::wrong_state,
  // errc::unprocessable as check_payable says; errc::transaction_used.
  virtual result<committed<manual_payment_view>> create_manual_payment(const manual_payment& wanted) = 0;
  // Makes the booking's payment paid or unpaid, and notes it in the trail. errc::not_found; errc::wrong_state as
  // check_decision says.
  virtual result<committed<manual_payment_view>> decide_manual_payment(const id& payment_id,
                                                                       const manual_payment_decision& decision) = 0;

  // payments through the gateway -------------------------------------------------------------------------------------
  // Makes the booking's payment pending. REQUIRES: `wanted` is queued. errc::not_found, errc::wrong_state,
  // errc::unprocessable as check_gateway_payable says.
  virtual result<committed<gateway_payment>> create_gateway_payment(const gateway_payment& wanted) = 0;
  // Newest first.
  virtual result<page<gateway_payment>> list_gateway_payments(const gateway_payment_query& query) = 0;
  // errc::not_found; says nothing of who may see it
  virtual result<gateway_payment> find_gateway_payment(const id& payment_id) = 0;
  // Calls `step` with the payment and its booking as they are, which stay so until what it makes of them is written; its
  // act goes into the trail in the same transaction. No rows where it changes nothing of the booking. errc::not_found,
  // and the errors of `step`, which must not use the store.
  virtual result<committed<gateway_change>> change_gateway_payment(const id& payment_id, const gateway_step& step) = 0;
  // Hands out payments whose next step is due at `when`, the most urgent first, and sets that to `until`, so that no
  // other process takes them too.
  virtual result<std::vector<gateway_payment>> claim_due_payments(time_point when, time_point until, std::size_t limit) = 0;

  // trail ------------------------------------------------------------------------------------------------------------
  // For an act that is no write of the store's own, such as a purge. All others note theirs in their own transaction.
  virtual result<void> append_trail(const act& what) = 0;
  // Newest first, in the order of their commits.
  virtual result<page<trail_entry>> list_trail(const page_request& wanted) = 0;

  // repetitions ------------------------------------------------------------------------------------------------------
  // Calls `act`, and keeps what it answers, with the numbers of its outbox rows, in the transaction of its write and
  // for kept_for. Where that request's answer is kept already, gives that, with those of its rows that are still there, and
  // calls nothing. Two that are equal and come at once, through whichever process: one writes, and the other waits.
  // Where `act` fails, its write is undone and nothing is kept. errc::idempotency_mismatch where the key stands for
  // another body; else the errors of `act`, which must make its write with the store that it is given, and read
  // nothing.
  virtual result<committed<kept_reply>> once(const repetition_key& what, const once_act& act) = 0;
  // errc::not_found where nothing is kept, errc::idempotency_mismatch
  virtual result<committed<kept_reply>> find_kept_reply(const repetition_key& what) = 0;

  // filling ----------------------------------------------------------------------------------------------------------
  // For programs that write very many rows. In a store with transactions the writes of `act` are one transaction, which
  // goes where `act` fails, and have no outbox rows: the epochs of `prefixes` are raised in it instead, and stand for
  // them. Elsewhere each write is alone, with its rows. REQUIRES: `prefixes` are all that may show what `act` writes;
  // it reads nothing, and takes no second. Who acknowledges it waits for both, rows and epochs (offline_writes.hpp).
  virtual result<void> fill(const std::vector<std::string>& prefixes, const fill_act& act) = 0;

  // what the cache needs (include/reprise/invalidation_log.hpp says what each is for) ------------------------------------
  // Where the changed thing is shown by what is another's, each place once; empty where is_shown_elsewhere() says no.
  virtual result<showing> places_showing(const change& what) = 0;
  // Which data a Redis holds: remembers that `identity` is in use and returns its nonce. A nonce is drawn anew where no
  // claim named that identity within the last hour, by the store's clock: whatever such a Redis still holds is dead, and
  // so every row that is there counts as acknowledged by it.
  virtual result<std::string> claim_identity(const std::string& identity) = 0;
  // Rows that `identity` has not acknowledged, oldest first; of those younger than `at_least` only the awaited ones. A row
  // whose text cannot be read is skipped and logged, never an error.
  struct pass_request {
    std::string identity;
    std::chrono::milliseconds at_least{0};
    std::size_t limit = 1000;
    std::vector<std::int64_t> except = {};  // sorted numbers
  };
  struct cache_pass {
    std::string nonce;  // the identity's; empty where it is not claimed
    std::vector<outbox_row> rows;  // one that cannot be read is there too, as change_kind::unknown
    // Of the rows, sorted, those whose write may not have been carried out yet: to be repeated, and acknowledged by
    // nobody. Only a store without transactions has any.
    std::vector<std::int64_t> intents = {};
    bool is_last = true;  // false: there are more
    std::int64_t epoch = 0;
    std::map<std::string, std::int64_t> epochs;  // a prefix that was never bumped has none
  };
  virtual result<cache_pass> read_pass(const pass_request& wanted) = 0;
  // Notes that `identity` has acknowledged the rows, and deletes the rows that every identity has acknowledged that was
  // claimed within the last hour or that a lease names.
  virtual result<void> acknowledge_rows(const std::string& identity, const std::vector<std::int64_t>& numbers) = 0;
  // The writers of these rows wait. Forgotten after a minute.
  virtual result<void> await_rows(const std::vector<std::int64_t>& numbers) = 0;
  // A row for a change that no write makes: a purge by hand.
  virtual result<outbox_row> append_row(const change& what) = 0;
  // How many rows wait for an acknowledgement of some identity, and the age of the oldest.
  struct backlog {
    std::int64_t rows = 0;
    std::chrono::milliseconds oldest{0};
  };
  virtual result<backlog> outbox_backlog() = 0;
  // Raises the epoch of the prefix, and of the store, and returns it.
  virtual result<std::int64_t> bump_cache_epoch(const std::string& prefix) = 0;
  struct lease {
    std::string node, identity;
    std::int64_t count = 0, epoch = 0;
  };
  // Makes it so where the node's count is smaller than this one; says whether it was.
  virtual result<bool> put_lease(const lease& wanted) = 0;
  struct observation {
    std::vector<lease> leases;
    std::map<std::int64_t, std::vector<std::string>> acknowledged;  // of the rows asked for that are still there
  };
  virtual result<observation> observe_cache(const std::vector<std::int64_t>& numbers) = 0;

  // Does the store answer? For /ready.
  virtual result<void> check() = 0;
};

}  // namespace bookings
