// How mongo_store runs a call: connection, unit, and the database's failures in our words. For its own files only.
#pragma once

#include "server/stores/mongo/cluster.hpp"
#include "server/stores/mongo/collections.hpp"
#include "server/stores/mongo/link.hpp"
#include "server/stores/mongo/mongo_store.hpp"
#include "server/stores/mongo/unit.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace bookings {

// What all handles of one store have in common.
struct mongo_store::shared {
  explicit shared(const mongo_options& options) : at({options.url, options.clock}) {}
  mongo::cluster at;
  std::atomic<unsigned> writes{0};

  // The identity's nonce as a claim or a pass of this process saw it last: where to look for its rows. Empty: unknown.
  std::string nonce_seen(const std::string& identity) {
    const std::scoped_lock lock(nonces_mutex);
    const auto found = nonces.find(identity);
    return found == nonces.end() ? "" : found->second;
  }
  void see_nonce(const std::string& identity, const std::string& nonce) {
    const std::scoped_lock lock(nonces_mutex);
    nonces[identity] = nonce;
  }
  std::mutex nonces_mutex;  // guards this one
  std::map<std::string, std::string> nonces;

  std::mutex unreadable_mutex;  // guards these two
  std::int64_t last_unreadable = 0;  // newest row that was logged as unreadable
  std::chrono::steady_clock::time_point next_unreadable_line{};
};

namespace mongo {

// The errc of what a call threw, which is logged here (a line per operation in ten seconds). REQUIRES: called in a catch block.
errc translate_current_exception(const char* operation) noexcept;

// As store::outbox_backlog.
store::backlog backlog_of(link& on);
// As store::places_showing.
showing showing_of(link& on, const change& what);
// errc::not_found
result<document> look_up(link& on, const char* collection, const id& which);
// A gig that is not withdrawn. errc::not_found
result<document> look_up_offered(link& on, const id& gig_id);
// errc::not_found, also for a deleted account
result<document> look_up_living_user(link& on, const id& user_id);
// A booking's document, under the locks of both its parties. errc::not_found
result<document> lock_booking(unit& work, const id& booking_id);
// The booking follows its payment; the rows are of both parties' lists. Under the locks of lock_booking().
std::vector<outbox_row> set_payment_status(unit& work, const document& booked, payment_status to);
// An entry of the trail, as a part of the act's own write.
void note(unit& work, const act& what);
// errc::not_found; the locks of those who hold the tokens are the caller's to take.
void tidy_kept_replies(link& on);
void tidy_outbox(link& on);

}  // namespace mongo

template <class F>
auto mongo_store::read(const char* operation, F f) -> std::invoke_result_t<F, mongo::link&> {
  try {
    mongo::link on(shared_->at);
    on.catch_up();
    return f(on);
  } catch (...) {
    return mongo::translate_current_exception(operation);
  }
}

template <class F>
auto mongo_store::write(const char* operation, F f) -> std::invoke_result_t<F, mongo::unit&> {
  try {
    if (joined_ != nullptr) return f(*joined_);
    mongo::link on(shared_->at);
    mongo::unit work(on);
    auto outcome = f(work);
    if (!outcome) return outcome;
    work.commit();
    tidy_now_and_then(on);
    return outcome;
  } catch (...) {
    return mongo::translate_current_exception(operation);
  }
}

}  // namespace bookings
