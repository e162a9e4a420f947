// The store in one SQLite file: one writer, a pool of readers, write-ahead log. For one machine; several processes may
// share the file, since every rule is checked inside the write transaction that it guards.
//
// Thread-safe. Calls block: a read while all readers are lent, a write while another one runs (in another process: for
// five seconds, then errc::store_unavailable). Where a write answers errc::store_unavailable its outcome is unknown.
// A failure of SQLite is logged here with its cause, at a limited rate; the caller gets the errc alone.
#pragma once

#include "server/stores/store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>

namespace bookings {

struct sqlite_options {
  std::string path;         // of the file; it and its directories are created where they are missing
  std::size_t readers = 4;  // connections for reading: calls beyond them wait
  // The store's clock in milliseconds since 1970. Empty: SQLite's own, which all processes share. For tests.
  std::function<std::int64_t()> clock = {};
};

// Throws std::runtime_error that says what, where and what to do; it is a boost::system::system_error with
// errc::store_too_new where a newer version of this program wrote the file.
std::unique_ptr<store> make_sqlite_store(const sqlite_options& options);

namespace sqlite {
class connection;
class lease_file;
class reader_pool;
}  // namespace sqlite

// Made by make_sqlite_store. Its functions are spread over the files sqlite_*.cpp, one for each resource.
class sqlite_store final : public store {
 public:
  explicit sqlite_store(const sqlite_options& options);
  ~sqlite_store() override;

  result<void> create_user(const user& account) override;
  result<user> find_user_by_email(const std::string& email) override;
  result<user> find_user(const id& user_id) override;
  result<public_profile> find_profile(const id& user_id) override;
  result<committed<user>> update_profile(const id& user_id, const profile_changes& changes) override;

  result<session> find_session(const id& user_id) override;
  result<committed<session>> end_sessions(const id& user_id) override;
  result<committed<session>> change_password(const id& user_id, const std::string& password_hash,
                                             std::int64_t if_version) override;
  result<void> rehash_password(const id& user_id, const std::string& old_hash, const std::string& new_hash) override;
  result<committed<session>> reset_password(const id& user_id, const std::string& password_hash,
                                            const id& admin) override;
  result<committed<session>> block_user(const id& user_id, const id& admin,
                                        const std::optional<std::string>& reason) override;
  result<committed<session>> unblock_user(const id& user_id, const id& admin,
                                          const std::optional<std::string>& reason) override;

  result<account_export> export_account(const id& user_id) override;
  result<committed<session>> delete_account(const id& user_id, const std::string& unusable_hash,
                                            std::int64_t if_version) override;

  result<page<gig>> list_gigs(const gig_query& query) override;
  result<gig> find_gig(const id& gig_id) override;
  result<committed<gig>> create_gig(const gig& offer) override;
  result<committed<gig>> update_gig(const id& gig_id, const id& owner, const gig_changes& changes) override;
  result<committed<gig>> delete_gig(const id& gig_id, const id& owner) override;

  result<page<booking_view>> list_bookings(const booking_query& query) override;
  result<booking_view> find_booking(const id& booking_id) override;
  result<committed<booking_view>> create_booking(const booking& wanted) override;
  result<committed<booking_view>> change_booking_status(const id& booking_id, const id& who,
                                                        booking_status wanted) override;

  result<page<review_view>> list_reviews(const review_query& query) override;
  result<committed<review_view>> create_review(const review& wanted) override;

  result<page<manual_payment_view>> list_manual_payments(const manual_payment_query& query) override;
  result<committed<manual_payment_view>> create_manual_payment(const manual_payment& wanted) override;
  result<committed<manual_payment_view>> decide_manual_payment(const id& payment_id,
                                                               const manual_payment_decision& decision) override;

  result<committed<gateway_payment>> create_gateway_payment(const gateway_payment& wanted) override;
  result<page<gateway_payment>> list_gateway_payments(const gateway_payment_query& query) override;
  result<gateway_payment> find_gateway_payment(const id& payment_id) override;
  result<committed<gateway_change>> change_gateway_payment(const id& payment_id, const gateway_step& step) override;
  result<std::vector<gateway_payment>> claim_due_payments(time_point when, time_point until, std::size_t limit) override;

  result<void> append_trail(const act& what) override;
  result<page<trail_entry>> list_trail(const page_request& wanted) override;

  result<committed<kept_reply>> once(const repetition_key& what, const once_act& act) override;
  result<committed<kept_reply>> find_kept_reply(const repetition_key& what) override;

  result<void> fill(const std::vector<std::string>& prefixes, const fill_act& act) override;

  result<showing> places_showing(const change& what) override;
  result<std::string> claim_identity(const std::string& identity) override;
  result<cache_pass> read_pass(const pass_request& wanted) override;
  result<void> acknowledge_rows(const std::string& identity, const std::vector<std::int64_t>& numbers) override;
  result<void> await_rows(const std::vector<std::int64_t>& numbers) override;
  result<outbox_row> append_row(const change& what) override;
  result<backlog> outbox_backlog() override;
  result<std::int64_t> bump_cache_epoch(const std::string& prefix) override;
  result<bool> put_lease(const lease& wanted) override;
  result<observation> observe_cache(const std::vector<std::int64_t>& numbers) override;

  result<void> check() override;

 private:
  // Both run `f(connection&)`, which returns a result<T>, in a transaction of its own (sqlite_calls.hpp). A write is
  // committed where `f` succeeds and rolled back, outbox rows and all, where it does not. A write within a write, which
  // only once() makes, is a part of it and shares its end.
  template <class F>
  auto read(const char* operation, F f) -> std::invoke_result_t<F, sqlite::connection&>;
  template <class F>
  auto write(const char* operation, F f) -> std::invoke_result_t<F, sqlite::connection&>;
  void tidy_now_and_then(sqlite::connection& on);
  void tidy_outbox(sqlite::connection& on);
  void forget_old_identities(sqlite::connection& on);
  result<void> acknowledge_some(const std::string& identity, std::span<const std::int64_t> numbers);
  void tell_unreadable(std::int64_t number);

  std::recursive_mutex writer_mutex_;  // guards what is up to the next blank line
  std::unique_ptr<sqlite::connection> writer_;
  unsigned writes_ = 0;

  std::unique_ptr<sqlite::lease_file> leases_;

  // After writer_, so that it goes first: the last connection to close takes the log into the file, which a reader
  // may not.
  std::unique_ptr<sqlite::reader_pool> readers_;
  std::int64_t last_unreadable_ = 0;  // newest row that was logged as unreadable
  std::chrono::steady_clock::time_point next_unreadable_line_{};
  std::mutex unreadable_mutex_;       // guards these two
};

}  // namespace bookings
