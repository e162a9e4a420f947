// What the outbox costs a write: the booking of a lesson on a real SQLite file, as it is shipped (write-ahead log,
// synchronous = FULL), with its two outbox rows and without them.
//
// No setting of the store leaves the rows out, so the write without them cannot be asked of the store. Its statements
// stand here once more, and run on the store's own connection class, with its settings and its cached statements; the
// two variants differ in the rows alone. `store` is the real create_booking, so that it shows where these statements
// no longer are the store's: `copy_vs_store` must stay near 1.
//
// All of them in turn, in changing order, on one file, so that they share whatever the disk and its neighbours do.
// What follows later, off the write's path, is timed apart: the acknowledgement of the rows, which the relay records
// for all of a period at once.
#include "server/stores/sqlite/connection.hpp"
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"
#include "server/stores/sqlite/sqlite_store.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bookings {
namespace {

using clock = std::chrono::steady_clock;
using microseconds = std::chrono::duration<double, std::micro>;

enum class outbox_rows { written, left_out };

template <class T>
T must(result<T> outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().message());
  return std::move(outcome).value();
}

double median(std::vector<double> samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

// A file in the current directory (a memory file system would make the rows seem dear: it has no disk to wait for).
class bench_file {
 public:
  bench_file() : folder_(std::filesystem::current_path() / ("outbox-cost-" + make_id())) {
    std::filesystem::create_directory(folder_);
  }
  ~bench_file() { std::filesystem::remove_all(folder_); }
  bench_file(const bench_file&) = delete;
  std::string path() const { return folder_ / "bookings.db"; }

 private:
  std::filesystem::path folder_;
};

class writer {
 public:
  explicit writer(const std::string& path)
      : data_(make_sqlite_store({path})), on_(path, sqlite::access::read_write, {}) {
    for (auto* one : {&student_, &teacher_}) {
      one->id = make_id();
      one->email = one->id + "@example.com";
      one->name = "Somebody";
      one->created_at = now();
      one->role = one == &teacher_ ? role::teacher : role::student;
      must_done(data_->create_user(*one));
    }
    gig offer;
    offer.id = gig_ = make_id();
    offer.teacher_id = teacher_.id;
    offer.title = "Algebra";
    offer.subject = "Mathematics";
    offer.price = {80000};
    offer.created_at = offer.updated_at = now();
    must(data_->create_gig(offer));
    // A Redis in use: as long as it has not acknowledged a row, the row stays.
    must(data_->claim_identity("bench"));
  }

  void through_the_store() { must(data_->create_booking(next())); }

  // create_booking's statements (sqlite_bookings.cpp), in its order.
  void copy(outbox_rows rows) {
    auto made = next();
    sqlite::transaction changes(on_, sqlite::transaction::kind::writing);
    {
      auto offer = on_.use(
          "SELECT g.teacher_id, g.price FROM gigs g CROSS JOIN users s ON s.id = ? AND s.state <> 'deleted'"
          " WHERE g.id = ? AND g.deleted_at IS NULL");
      if (!offer.bind(made.student_id, made.gig_id).step()) throw std::runtime_error("no gig");
      made.teacher_id = offer.text(0);
      made.price = price_of(offer.amount(1), made.duration_minutes);
    }
    {
      auto taken = on_.use(
          "SELECT scheduled_at, duration_minutes FROM bookings WHERE teacher_id = ? AND status = 'accepted'"
          " AND scheduled_at < ? ORDER BY scheduled_at DESC, id DESC LIMIT 1");
      taken.bind(made.teacher_id, made.scheduled_at + std::chrono::minutes{made.duration_minutes}).step();
    }
    on_.use("INSERT INTO bookings (id, student_id, teacher_id, gig_id, status, payment_status, scheduled_at,"
            " duration_minutes, note, price, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(made.id, made.student_id, made.teacher_id, made.gig_id, to_text(made.status), to_text(made.payment),
              made.scheduled_at, made.duration_minutes, made.note, made.price, made.created_at, made.updated_at)
        .run();
    const auto view = must(sqlite::look_up_booking(on_, made.id));
    if (rows == outbox_rows::written) (void)sqlite::emit_all(on_, changes_of(view.row));
    changes.commit();
  }

  // What a period's rows cost later. Returns how many writes they were of.
  std::size_t acknowledge() {
    std::vector<std::int64_t> all;
    for (const auto& row : must(data_->read_pass({.identity = "bench", .limit = 100'000})).rows) all.push_back(row.number);
    must_done(data_->acknowledge_rows("bench", all));
    return all.size() / 2;
  }

 private:
  static void must_done(const result<void>& outcome) {
    if (!outcome) throw std::runtime_error(outcome.error().message());
  }
  booking next() {
    booking made;
    made.id = make_id();
    made.student_id = student_.id;
    made.gig_id = gig_;
    made.created_at = made.updated_at = now();
    made.scheduled_at = made.created_at + std::chrono::hours(++count_);
    made.duration_minutes = 60;
    made.note = "A note of usual length";
    return made;
  }

  std::unique_ptr<store> data_;
  sqlite::connection on_;
  user student_, teacher_;
  id gig_;
  int count_ = 0;
};

void outbox_cost(benchmark::State& state) {
  constexpr int writes_a_period = 50;
  const bench_file file;
  writer here(file.path());
  std::vector<double> with, without, store, acknowledged;
  const auto time = [](auto work) {
    const auto began = clock::now();
    work();
    return microseconds(clock::now() - began).count();
  };
  int turn = 0;
  std::array order{0, 1, 2};
  const auto one = [&](int which) {
    if (which == 0) with.push_back(time([&] { here.copy(outbox_rows::written); }));
    if (which == 1) without.push_back(time([&] { here.copy(outbox_rows::left_out); }));
    if (which == 2) store.push_back(time([&] { here.through_the_store(); }));
  };
  for (auto unused : state) {
    (void)unused;
    // In each of the six orders: who follows the store's own connection has lost its pages, and neither may do so more
    // often than the other.
    std::ranges::for_each(order, one);
    std::ranges::next_permutation(order);
    if (++turn % writes_a_period == 0) {
      std::size_t writes = 0;
      const auto took = time([&] { writes = here.acknowledge(); });
      acknowledged.push_back(took / static_cast<double>(writes));
    }
  }
  state.counters["with_us"] = median(with);
  state.counters["without_us"] = median(without);
  state.counters["cost_percent"] = (median(with) / median(without) - 1) * 100;
  state.counters["copy_vs_store"] = median(with) / median(store);
  if (!acknowledged.empty()) state.counters["acknowledged_later_us"] = median(acknowledged);
}
BENCHMARK(outbox_cost)->Iterations(3000)->Repetitions(5)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bookings

BENCHMARK_MAIN();
