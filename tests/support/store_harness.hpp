// What the store's contract tests need of each kind of store: a fresh set of data, ways to open it more than once, and
// a clock that can be moved. A new kind of store is registered in store_kinds() and gets the whole suite.
#pragma once

#include "server/stores/bulk.hpp"
#include "server/stores/store.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace bookings::testing {

// Owns one set of data, which goes with it.
class store_harness {
 public:
  virtual ~store_harness() = default;
  // A store object on this data; several may be open, as if in several processes.
  virtual std::unique_ptr<store> open() = 0;
  // The same data as the source or the target of a copy.
  virtual std::unique_ptr<bulk_source> open_source() = 0;
  virtual std::unique_ptr<bulk_target> open_target(const std::string& source) = 0;
  // Moves the store's clock, in every store opened here.
  virtual void advance(std::chrono::milliseconds by) = 0;
  // Holds a write of another process open until what it returns is gone.
  virtual std::shared_ptr<void> hold_a_write() = 0;
};

struct store_kind {
  std::string name;
  std::function<std::unique_ptr<store_harness>()> make;
};
const std::vector<store_kind>& store_kinds();
inline void PrintTo(const store_kind& kind, std::ostream* to) { *to << kind.name; }  // for the messages of failed tests

// Is there a server for the tests that need MongoDB (tools/test-mongo)? And its address with this database.
bool is_mongodb_there();
std::string mongodb_url(const std::string& database);

// A directory that is removed with all that is in it.
class temporary_directory {
 public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// Things to put into a store. Times are whole days from `day_one`, so that tests read as dates.
time_point at(int day, int hour = 10, int minute = 0);
user a_user(const std::string& email, role as = role::student, const std::string& name = "Rahim Uddin");
gig a_gig(const id& teacher, const std::string& title = "Algebra", const std::string& subject = "Mathematics",
          money price = {50000}, time_point created = at(0));
booking a_booking(const id& student, const id& gig_id, time_point scheduled, time_point created = at(0));
review a_review(const booking& of, int rating, const std::string& comment = "Good");  // by its student, on day 9
manual_payment a_payment(const booking& of, const std::string& transaction_id = "TRX1");  // of its price, on day 5

// The value, or a failed test and an exception that ends it.
template <class T>
T must(result<T> outcome) {
  if (!outcome) ADD_FAILURE() << "unexpected: " << outcome.error().message();
  if constexpr (std::is_void_v<T>) {
    outcome.value();
  } else {
    return std::move(outcome).value();
  }
}

// Lists of strings, and one without its order.
using texts = std::vector<std::string>;
texts sorted(texts unsorted);

// The contract suite: every test begins with one open store of the kind, a student, two teachers and a gig of each.
class store_contract : public ::testing::TestWithParam<store_kind> {
 protected:
  void SetUp() override;

  // A booking of `gig_id` by the student; the scheduled day is a fresh one where none is given.
  booking_view book(const id& gig_id, booking_status status = booking_status::pending);
  // The student reviews a booking of `gig_id` that was made and completed for it.
  result<committed<review_view>> rate(const id& gig_id, int rating);
  // Every row that no identity has acknowledged.
  std::vector<outbox_row> rows();
  // What the rows written by `act` are, as texts in their order.
  texts rows_of(const std::function<void()>& act);

  std::unique_ptr<store_harness> harness;
  std::unique_ptr<store> data;
  user student, teacher, other_teacher;
  gig algebra, guitar;  // of teacher, of other_teacher

 private:
  int next_day_ = 1;
};

}  // namespace bookings::testing
