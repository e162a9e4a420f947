// The store in MongoDB: for those who outgrow one machine. Any number of processes on any number of machines may share
// a database.
//
// It asks the database for no transaction over several documents: a write is alone by locks of its own and is carried
// out whole by an intent (unit.hpp), so that it works on every server that speaks the protocol and keeps its promises
// for one document. Reads see what a majority has.
//
// Thread-safe. Calls block, for five seconds at most where the URL does not say otherwise. Where a write answers
// errc::store_unavailable its outcome is unknown; what was begun is finished or given up by whoever meets it next.
// A failure of the database is logged here with its cause, at a limited rate; the caller gets the errc alone.
#pragma once

#include "server/stores/mongo/name_map.hpp"
#include "server/stores/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

namespace bookings {

namespace mongo {
class cluster;
class link;
class unit;
}  // namespace mongo

struct mongo_options {
  std::string url;  // mongodb://…/database or mongodb+srv://…/database, with all of libmongoc's options
  // The store's clock in milliseconds since 1970. Empty: the server's. For tests.
  std::function<std::int64_t()> clock = {};
  mongo::name_map names = {};  // of data that another program made; references are also looked at (names.hpp)
};

// Made by make_mongo_store. Its functions are spread over the files mongo_*.cpp, one for each resource.
class mongo_store final : public store {
 public:
  explicit mongo_store(const mongo_options& options);
  ~mongo_store() override;

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

  // Commands sent to the database since the start.
  std::uint64_t commands() const noexcept;

 private:
  // What once() hands to its act: a store whose writes are part of that one.
  mongo_store(const mongo_store& outer, mongo::unit& joined);

  // Both run their `f`, which returns a result<T>, and turn what it throws into an errc. A write is committed where `f`
  // succeeds, and given up where it does not.
  template <class F>
  auto read(const char* operation, F f) -> std::invoke_result_t<F, mongo::link&>;
  template <class F>
  auto write(const char* operation, F f) -> std::invoke_result_t<F, mongo::unit&>;
  void tidy_now_and_then(mongo::link& on);
  void tell_unreadable(std::int64_t number);

  struct shared;
  std::shared_ptr<shared> shared_;
  mongo::unit* joined_ = nullptr;
};

// Connects, and makes the indexes that are missing. Throws std::runtime_error that says what, where and what to do.
std::unique_ptr<mongo_store> make_mongo_store(const mongo_options& options);

}  // namespace bookings
