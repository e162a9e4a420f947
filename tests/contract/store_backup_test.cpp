// Backups of the SQLite file: what a copy holds, what it must not hold, and what is refused.
#include "server/stores/sqlite/backup.hpp"
#include "server/stores/sqlite/schema.hpp"
#include "server/stores/sqlite/sqlite_store.hpp"
#include "tests/support/store_harness.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace bookings::testing {
namespace {

namespace fs = std::filesystem;
using sqlite::access;
using sqlite::connection;

constexpr std::string_view no_database = "this is no database, and long enough to be looked at as one by what opens it";

class store_backup : public ::testing::Test {
 protected:
  temporary_directory directory;
  std::string at(const std::string& name) const { return directory.path() + "/" + name; }
  const std::string path = at("data/bookings.db"), copy = at("copy.db");

  std::string value(const std::string& file, const std::string& sql) {
    connection on(file, access::read_write, {});
    auto query = on.use(sql);
    return query.step() ? query.text(0) : "no row";
  }
  std::string identity_of(const std::string& file) { return value(file, "SELECT identity FROM store_identity"); }
  void run(const std::string& file, const std::string& sql) {
    connection(file, access::read_write, {}).run_script(sql.c_str());
  }
  // The names in a directory.
  texts files(const std::string& where = "") {
    texts names;
    for (const auto& each : fs::directory_iterator(at(where))) names.push_back(each.path().filename());
    return sorted(names);
  }
  static std::string failure_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "done";
  }
  static bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }
};

TEST_F(store_backup, back_up_open_store_copies_its_data_and_neither_nonce_nor_identity) {
  const auto data = make_sqlite_store({path});
  const auto user = a_user("a@example.com");
  must(data->create_user(user));
  const auto nonce = must(data->claim_identity("redis/1"));
  EXPECT_GT(sqlite::back_up({path, copy}), 0u);
  EXPECT_EQ(fs::status(copy).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(value(copy, "SELECT count(*) FROM cache_identities"), "0");
  EXPECT_NE(identity_of(copy), identity_of(path));
  EXPECT_EQ(value(copy, "SELECT backup_of FROM store_identity"), identity_of(path));
  EXPECT_EQ(must(data->claim_identity("redis/1")), nonce) << "the store goes on as it was";

  for (int i = 0; i < 2; ++i) {  // restored twice, it is two other stores
    const auto name = at("again" + std::to_string(i));
    fs::copy_file(copy, name);
    const auto restored = make_sqlite_store({name});
    EXPECT_EQ(must(restored->find_user(user.id)).email, user.email);
    EXPECT_NE(must(restored->claim_identity("redis/1")), nonce);
    EXPECT_EQ(value(name, "SELECT count(*) FROM store_identity WHERE backup_of IS NULL"), "1") << "the mark is off";
  }
}

TEST_F(store_backup, settle_backup_takes_the_mark_once_and_leaves_other_stores_alone) {
  make_sqlite_store({path});
  sqlite::back_up({path, copy});
  connection on(copy, access::read_write, {});
  const auto mark = sqlite::settle_backup(on);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->of, identity_of(path));
  EXPECT_LE(mark->at, now());
  EXPECT_FALSE(sqlite::settle_backup(on));
  connection plain(path, access::read_write, {});
  EXPECT_FALSE(sqlite::settle_backup(plain));
}

TEST_F(store_backup, back_up_under_writes_is_one_snapshot_and_ends) {
  const auto data = make_sqlite_store({path});
  const auto teacher = a_user("t@example.com", role::teacher), student = a_user("s@example.com");
  for (const auto& each : {teacher, student}) must(data->create_user(each));
  const auto offer = must(data->create_gig(a_gig(teacher.id))).value;
  // More than one step.
  for (int i = 0; i < 300; ++i) must(data->create_gig(a_gig(teacher.id, std::string(4000, 'x'))));
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::jthread writer([&] {
    for (int day = 1; !stop; ++day) {
      must(data->create_booking(a_booking(student.id, offer.id, testing::at(day))));
      ++written;
    }
  });
  const int before = written;
  int steps = 0, during = 0;
  sqlite::back_up({path, copy, sqlite::overwrite::no, [&](int) {
                     // Each step has a write behind it, so that a copy which began anew would never end.
                     for (const int seen = written; ++steps < 20 && written == seen;) std::this_thread::yield();
                     during = written;
                     return true;
                   }});
  stop = true;
  writer.join();
  const int copied = std::stoi(value(copy, "SELECT count(*) FROM bookings"));
  EXPECT_GE(copied, before);
  EXPECT_LE(copied, during);
  EXPECT_EQ(value(copy, "SELECT count(*) FROM outbox WHERE what LIKE 'user_bookings%'"), std::to_string(2 * copied));
}

TEST_F(store_backup, back_up_onto_a_file_that_is_there_is_refused_unless_forced) {
  make_sqlite_store({path});
  std::ofstream(copy) << "precious";
  EXPECT_TRUE(contains(failure_of([&] { sqlite::back_up({path, copy}); }), "--force"));
  EXPECT_EQ(fs::file_size(copy), 8u);
  EXPECT_GT(sqlite::back_up({path, copy, sqlite::overwrite::yes}), 8u);
  EXPECT_EQ(files(), (texts{"copy.db", "data"}));
}

TEST_F(store_backup, back_up_that_fails_leaves_nothing) {
  EXPECT_TRUE(contains(failure_of([&] { sqlite::back_up({path, copy}); }), "no such file"));
  make_sqlite_store({path});
  EXPECT_TRUE(contains(failure_of([&] { sqlite::back_up({path, at("nowhere/copy.db")}); }), "nowhere/copy.db"));
  EXPECT_TRUE(contains(failure_of([&] {
                         sqlite::back_up({path, copy, sqlite::overwrite::no, [](int) { return false; }});
                       }),
                       "interrupted"));
  run(path, "PRAGMA user_version = 1000");
  EXPECT_TRUE(contains(failure_of([&] { sqlite::back_up({path, copy}); }), "newer program"));
  std::ofstream(at("data/other.db")) << no_database;
  EXPECT_TRUE(contains(failure_of([&] { sqlite::back_up({at("data/other.db"), copy}); }), "not a database"));
  EXPECT_EQ(files(), texts{"data"});
}

TEST_F(store_backup, restore_puts_the_backup_in_place_and_keeps_what_was_there) {
  const auto early = a_user("early@example.com"), late = a_user("late@example.com");
  std::string nonce;
  {
    const auto data = make_sqlite_store({path});
    must(data->create_user(early));
    nonce = must(data->claim_identity("redis/1"));
    fs::copy_file(path, at("plain.db"));  // made by hand; what is only in the log is not in it
    sqlite::back_up({path, copy});
    must(data->create_user(late));
    EXPECT_TRUE(contains(failure_of([&] { sqlite::restore({copy, path}); }), "stop it first"));
    EXPECT_TRUE(data->find_user(late.id)) << "and nothing has changed";
  }
  const auto aside = sqlite::restore({copy, path});
  ASSERT_TRUE(aside);
  EXPECT_TRUE(make_sqlite_store({*aside})->find_user(late.id));
  {
    const auto data = make_sqlite_store({path});
    EXPECT_TRUE(data->find_user(early.id));
    EXPECT_EQ(data->find_user(late.id).error(), errc::not_found);
    EXPECT_NE(must(data->claim_identity("redis/1")), nonce);
  }
  EXPECT_FALSE(sqlite::restore({copy, at("fresh/bookings.db")}));
  EXPECT_TRUE(make_sqlite_store({at("fresh/bookings.db")})->find_user(early.id));
}

TEST_F(store_backup, restore_of_a_plain_copy_sets_it_apart_too) {
  std::string nonce;
  {
    const auto data = make_sqlite_store({path});
    nonce = must(data->claim_identity("redis/1"));
  }
  fs::copy_file(path, copy);
  EXPECT_EQ(must(make_sqlite_store({copy})->claim_identity("redis/1")), nonce) << "so it is dangerous";
  sqlite::restore({copy, path});
  EXPECT_NE(must(make_sqlite_store({path})->claim_identity("redis/1")), nonce);
}

TEST_F(store_backup, restore_over_a_broken_store_keeps_it_with_its_log) {
  make_sqlite_store({path});
  sqlite::back_up({path, copy});
  std::ofstream(path, std::ios::trunc) << std::string(5000, 'x');
  std::ofstream(path + "-wal") << "a log";
  const auto aside = sqlite::restore({copy, path});
  ASSERT_TRUE(aside);
  EXPECT_EQ(fs::file_size(*aside), 5000u);
  EXPECT_TRUE(fs::exists(*aside + "-wal"));
  EXPECT_FALSE(fs::exists(path + "-wal"));
  EXPECT_TRUE(make_sqlite_store({path})->check());
}

TEST_F(store_backup, restore_of_what_is_no_store_replaces_nothing) {
  make_sqlite_store({path});
  const auto before = identity_of(path);
  std::ofstream(copy) << no_database;
  EXPECT_TRUE(contains(failure_of([&] { sqlite::restore({copy, path}); }), "not a database"));
  EXPECT_TRUE(contains(failure_of([&] { sqlite::restore({at("nothing.db"), path}); }), "no such file"));
  EXPECT_EQ(identity_of(path), before);
  EXPECT_EQ(files("data"), (texts{"bookings.db", "bookings.db-leases"}));
}

}  // namespace
}  // namespace bookings::testing
