// A write of the store on a database that changes one document at a time: all of it happens, or nothing, and it is alone
// with what it locked.
//
//   1. locks      one document for each key, made by inserting it: its unique _id lets one in. They stand in one order, so
//                 that two writes never wait for each other
//   2. the rules  are checked against what is there now; what is to change is collected
//   3. the intent one document with all changes and outbox rows. Its insertion is the commit: from here on whoever finds
//                 it carries it out, and until the rows are in the outbox it stands for them (docs/consistency.md)
//   4. carry out  the changes, each only on the revision that it was made for, so that twice is as good as once; then
//                 the rows, in the outbox and acknowledged by nobody; then what tells of the write (kept replies)
//   5. the intent goes, then the locks
//
// A process that dies before 3 has done nothing, after it everything: its locks are over after `lock_time`, and whoever
// wants them first inserts an empty intent in its name. Where that succeeds, the other can never commit; where it does
// not, its intent is carried out. So time decides when somebody looks, and never what is found.
#pragma once

#include "server/domain/change.hpp"
#include "server/stores/mongo/link.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bookings::mongo {

// For one thread. Functions throw failure; of kind `away` where the outcome is unknown, or where somebody else's lock
// does not come free within five seconds.
class unit {
 public:
  explicit unit(link& on);
  // What was not committed is given up.
  ~unit();
  unit(const unit&) = delete;

  // Waits for all of them. What is read after that stays as it is until the end. Call again for more, with keys that
  // stand behind those that are held wherever both are wanted.
  void lock(std::vector<std::string> keys);

  void insert(const char* collection, const document& what);
  // Sets members of a document as it was read under its lock. At most once for each document.
  void set(const char* collection, const document& read, const document& members);
  void remove_all(const char* collection, const document& filter);
  // Sets members of a document that tells of this write, made where it is not there; carried out after the outbox has
  // the rows. `id` is {"_id": …}.
  void tell(const char* collection, const document& id, const document& members);
  // The rows have their numbers at once; others see them with the commit.
  std::vector<outbox_row> emit(const std::vector<bookings::change>& changes);

  void commit();

  link& on() noexcept { return on_; }

 private:
  void add_operation(const char* collection, const char* kind, const document& what);
  void carry_out_alone();
  void insert_intent(const document& intent);
  void release();

  link& on_;
  const std::string token_;
  std::vector<std::string> keys_;  // asked for
  std::chrono::steady_clock::time_point began_{};
  std::vector<document> operations_, rows_;
  bool is_committed_ = false;
};

// What is to be carried out still: intents that were committed. Read them before the outbox: a row is in one of both.
std::vector<document> open_intents(link& on);
struct intended_row {
  std::int64_t number = 0;
  std::string what;
};
std::vector<intended_row> rows_of(const document& intent);
// Carries out those whose writer should have done it long since.
void finish_old_intents(link& on, const std::vector<document>& intents);
// Forgets the names of writes that were kept from committing an hour ago.
void forget_given_up(link& on);

// Keys. What belongs to a user is written under that user's lock: bookings and what hangs on them under both parties'.
std::string lock_of_user(const bookings::id& user_id);
std::string lock_of_admins();
std::string lock_of_transaction(std::string_view method, std::string_view transaction_id);

// Numbers that only grow, by name; returns the last of `count` new ones.
std::int64_t take_numbers(link& on, const char* name, std::size_t count);

}  // namespace bookings::mongo
