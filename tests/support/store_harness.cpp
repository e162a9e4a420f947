#include "tests/support/store_harness.hpp"

#include "server/stores/mongo/cluster.hpp"
#include "server/stores/mongo/link.hpp"
#include "server/stores/mongo/mongo_bulk.hpp"
#include "server/stores/mongo/mongo_store.hpp"
#include "server/stores/mongo/unit.hpp"
#include "server/stores/sqlite/connection.hpp"
#include "server/stores/sqlite/sqlite_bulk.hpp"
#include "server/stores/sqlite/sqlite_store.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace bookings::testing {
namespace {

class sqlite_harness final : public store_harness {
 public:
  std::unique_ptr<store> open() override {
    return make_sqlite_store({path_, 4, [offset = offset_] {
                                return now().time_since_epoch().count() + offset->load();
                              }});
  }
  std::unique_ptr<bulk_source> open_source() override { return open_sqlite_source(path_); }
  std::unique_ptr<bulk_target> open_target(const std::string& source) override { return open_sqlite_target(path_, source); }
  void advance(std::chrono::milliseconds by) override { *offset_ += by.count(); }
  std::shared_ptr<void> hold_a_write() override {
    struct held {
      explicit held(const std::string& path) : on(path, sqlite::access::read_write, {}) {}
      sqlite::connection on;
      sqlite::transaction open{on, sqlite::transaction::kind::writing};
    };
    return std::make_shared<held>(path_);
  }

 private:
  temporary_directory directory_;
  const std::string path_ = directory_.path() + "/data/bookings.db";
  std::shared_ptr<std::atomic<std::int64_t>> offset_ = std::make_shared<std::atomic<std::int64_t>>(0);
};

// On the server that MONGODB_URI names, in a database of its own.
class mongo_harness final : public store_harness {
 public:
  explicit mongo_harness(mongo::name_map names = {}) : names_(std::move(names)) {}
  ~mongo_harness() override {
    try {
      mongo::cluster at({url_});
      mongo::link(at).run(mongo::make("dropDatabase", 1));
    } catch (const std::exception& error) {
      ADD_FAILURE() << "the test's database stays: " << error.what();
    }
  }
  std::unique_ptr<store> open() override { return make_mongo_store({url_, clock_, names_}); }
  std::unique_ptr<bulk_source> open_source() override { return open_mongo_source({url_, clock_, names_}); }
  std::unique_ptr<bulk_target> open_target(const std::string& source) override { return open_mongo_target({url_, clock_, names_}, source); }
  void advance(std::chrono::milliseconds by) override { *offset_ += by.count(); }
  std::shared_ptr<void> hold_a_write() override {
    struct held {
      explicit held(const std::string& url) : at({url}), on(at), write(on) { write.lock({mongo::lock_of_admins()}); }
      mongo::cluster at;
      mongo::link on;
      mongo::unit write;
    };
    return std::make_shared<held>(url_);
  }

 private:
  const mongo::name_map names_;
  std::string url_ = mongodb_url("reprise_test_" + make_id());
  std::shared_ptr<std::atomic<std::int64_t>> offset_ = std::make_shared<std::atomic<std::int64_t>>(0);
  std::function<std::int64_t()> clock_ = [offset = offset_] { return now().time_since_epoch().count() + offset->load(); };
};

// Everything that may have another name has one.
mongo::name_map other_names() {
  mongo::name_map all;
  for (const auto& collection : mongo::known_collections()) {
    const std::string ours(collection.name);
    all.collections[ours] = "app_" + ours;
    for (const auto member : collection.references) all.members[ours][std::string(member)] = "its_" + std::string(member);
    for (const auto member : collection.members) all.members[ours][std::string(member)] = "its_" + std::string(member);
  }
  return all;
}

std::vector<store_kind> all_kinds() {
  std::vector<store_kind> kinds{{"sqlite", [] { return std::make_unique<sqlite_harness>(); }}};
  if (!is_mongodb_there()) return kinds;
  kinds.push_back({"mongo", [] { return std::make_unique<mongo_harness>(); }});
  kinds.push_back({"renamed_mongo", [] { return std::make_unique<mongo_harness>(other_names()); }});
  return kinds;
}

}  // namespace

const std::vector<store_kind>& store_kinds() {
  static const auto kinds = all_kinds();
  return kinds;
}

bool is_mongodb_there() {
  const char* url = std::getenv("MONGODB_URI");
  return url != nullptr && *url != 0;
}

std::string mongodb_url(const std::string& database) {
  const std::string url = std::getenv("MONGODB_URI");
  const auto hosts_end = url.find_first_of("/?", url.find("://") + 3);
  const auto options = url.find('?');
  return url.substr(0, hosts_end) + "/" + database + (options == std::string::npos ? "" : url.substr(options));
}

temporary_directory::temporary_directory() {
  path_ = (std::filesystem::temp_directory_path() / "reprise_store_XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary directory can be made");
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

time_point at(int day, int hour, int minute) {
  using namespace std::chrono;
  return sys_days{year{2030} / January / 1} + days{day} + hours{hour} + minutes{minute};
}

user a_user(const std::string& email, role as, const std::string& name) {
  return {make_id(), email, name, as, "$argon2id$no-hash", at(0), {}};
}

gig a_gig(const id& teacher, const std::string& title, const std::string& subject, money price, time_point created) {
  return {make_id(), teacher, "", title, subject, "An hour of " + title, price, created, created};
}

booking a_booking(const id& student, const id& gig_id, time_point scheduled, time_point created) {
  booking wanted;
  wanted.id = make_id();
  wanted.student_id = student;
  wanted.gig_id = gig_id;
  wanted.scheduled_at = scheduled;
  wanted.created_at = wanted.updated_at = created;
  return wanted;
}

review a_review(const booking& of, int rating, const std::string& comment) {
  review wanted;
  wanted.id = make_id();
  wanted.booking_id = of.id;
  wanted.student_id = of.student_id;
  wanted.rating = rating;
  wanted.comment = comment;
  wanted.created_at = at(9);
  return wanted;
}

manual_payment a_payment(const booking& of, const std::string& transaction_id) {
  manual_payment wanted;
  wanted.id = make_id();
  wanted.booking_id = of.id;
  wanted.student_id = of.student_id;
  wanted.transaction_id = transaction_id;
  wanted.amount = of.price;
  wanted.created_at = at(5);
  return wanted;
}

texts sorted(texts unsorted) {
  std::sort(unsorted.begin(), unsorted.end());
  return unsorted;
}

void store_contract::SetUp() {
  harness = GetParam().make();
  data = harness->open();
  student = a_user("rahim@example.com");
  teacher = a_user("ayesha@example.com", role::teacher, "Ayesha Rahman");
  other_teacher = a_user("tom@example.com", role::teacher, "Tom Baker");
  for (const auto& each : {student, teacher, other_teacher}) must(data->create_user(each));
  algebra = must(data->create_gig(a_gig(teacher.id))).value;
  guitar = must(data->create_gig(a_gig(other_teacher.id, "Guitar for beginners", "Guitar", {30050}))).value;
}

booking_view store_contract::book(const id& gig_id, booking_status status) {
  auto wanted = a_booking(student.id, gig_id, at(next_day_), at(next_day_));
  ++next_day_;
  wanted.status = status;
  return must(data->create_booking(wanted)).value;
}

result<committed<review_view>> store_contract::rate(const id& gig_id, int rating) {
  return data->create_review(a_review(book(gig_id, booking_status::completed).row, rating));
}

std::vector<outbox_row> store_contract::rows() {
  return must(data->read_pass({"an identity that nobody claims", std::chrono::milliseconds{0}, 10000})).rows;
}

texts store_contract::rows_of(const std::function<void()>& act) {
  const auto before = rows();
  act();
  texts written;
  for (const auto& row : rows()) {
    if (before.empty() || row.number > before.back().number) written.push_back(to_text(row.what));
  }
  return written;
}

}  // namespace bookings::testing
