#include "server/stores/mongo/mongo_bulk.hpp"

#include "server/stores/mongo/bulk_rows.hpp"
#include "server/stores/mongo/collections.hpp"
#include "server/stores/mongo/indexes.hpp"
#include "server/stores/mongo/unit.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace bookings {
namespace {

using mongo::cluster;
using mongo::document;
using mongo::link;
using mongo::make;

constexpr const char* mark_id = "copy";

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

std::optional<std::string> marked_source(link& on) {
  const auto found = on.find_one(mongo::copy_mark, make("_id", mark_id));
  if (!found) return {};
  return found->text("from");
}

// Committed intents are writes that others may have been told of: what their processes left undone is done here.
void finish_intents(link& on) {
  using namespace std::chrono_literals;
  constexpr int looks = 100;  // for longer than locks last
  for (int i = 0; i < looks; ++i) {
    const auto open = mongo::open_intents(on);
    if (open.empty()) return;
    mongo::finish_old_intents(on, open);
    std::this_thread::sleep_for(200ms);
  }
  fail("a server uses it: stop all of its servers, and run this again");
}

class mongo_source final : public bulk_source {
 public:
  explicit mongo_source(const mongo_options& options) : at_({options.url, options.clock}) {
    link on(at_);
    mongo::refuse_unfinished_copy(on);
    at_.use(mongo::names(mongo::look_at_references(on, options.names)));
    finish_intents(on);
  }

  std::int64_t count(record_kind kind) override { return mongo::count_records(*begin(), kind); }
  std::vector<record> read(record_kind kind, const std::string& after, std::size_t limit) override {
    return mongo::read_records(*begin(), kind, after, limit);
  }

  std::string activity() override {
    const auto on = begin();
    std::vector<std::string> all;
    for (const auto& each : on->find(mongo::leases, {})) all.push_back(each.text("_id") + " " + std::to_string(each.number("count")));
    // Numbers of outbox rows and of the trail; the barrier's is raised by reads.
    for (const auto* name : {"outbox", "trail"})
      if (const auto found = on->find_one(mongo::counters, make("_id", name))) all.push_back(std::to_string(found->number("n")));
    std::sort(all.begin(), all.end());
    std::string text;
    for (const auto& each : all) text += each + "\n";
    return text;
  }

 private:
  // A session of its own for each read, with a write to a majority before it where that is needed.
  std::unique_ptr<link> begin() {
    auto on = std::make_unique<link>(at_);
    on->catch_up();
    return on;
  }

  cluster at_;
};

class mongo_target final : public bulk_target {
 public:
  mongo_target(const mongo_options& options, const std::string& source) : at_({options.url, options.clock}), on_(at_) {
    at_.use(mongo::names(mongo::look_at_references(on_, options.names)));
    if (const auto other = marked_source(on_)) {
      if (*other != source)
        fail("it holds a copy of " + *other + " that was not finished: go on with that, or drop the database");
    } else {
      refuse_data();
      refuse_servers();
      on_.insert_missing(mongo::copy_mark, {make("_id", mark_id, "from", source, "at", on_.now())});
      try {
        // Once more: a server may have started just before the mark was there.
        refuse_data();
        refuse_servers();
      } catch (...) {
        on_.remove(mongo::copy_mark, make("_id", mark_id));
        throw;
      }
    }
    mongo::ensure_indexes(on_);
  }

  std::int64_t count(record_kind kind) override { return mongo::count_records(on_, kind); }
  std::vector<record> read(record_kind kind, const std::string& after, std::size_t limit) override {
    return mongo::read_records(on_, kind, after, limit);
  }
  void add(record_kind kind, const std::vector<record>& rows) override { mongo::add_records(on_, kind, rows); }
  void correct(record_kind kind, const std::vector<record>& rows) override { mongo::correct_records(on_, kind, rows); }
  void remove(record_kind kind, const std::vector<std::string>& keys) override { mongo::remove_records(on_, kind, keys); }

  void finish() override {
    // One that has been here since before the mark has a nonce already, and may hold entries of what was not there yet.
    refuse_servers();
    if (const auto last = on_.find_one(mongo::trail, {}, {.sort = make("number", -1)}))
      on_.update(mongo::counters, {make("_id", "trail"), make("$max", make("n", last->number("number"))), link::change::scope::one,
                                   link::change::when_missing::insert});
    on_.remove(mongo::copy_mark, make("_id", mark_id));
  }

 private:
  void refuse_data() {
    for (const auto kind : record_kinds)
      if (mongo::count_records(on_, kind) > 0)
        fail("it holds " + std::string(to_text(kind)) + " already: name a database that is empty");
  }
  void refuse_servers() {
    for (const auto* collection : {mongo::identities, mongo::leases, mongo::outbox, mongo::intents, mongo::locks})
      if (on_.find_one(collection, {}))
        fail(std::string("a server has used it (\"") + collection + "\" is not empty): stop its servers and drop it, or name another database");
  }

  cluster at_;
  link on_;
};

template <class Open>
auto explained(const char* what, Open open) {
  try {
    return open();
  } catch (const std::exception& error) {
    fail(std::string("the store cannot be copied ") + what + ": " + error.what());
  }
}

}  // namespace

void mongo::refuse_unfinished_copy(link& on) {
  if (const auto source = marked_source(on))
    fail("a copy of " + *source + " into it was not finished: run \"bookings-server copy\" again, or drop the database");
}

std::unique_ptr<bulk_source> open_mongo_source(const mongo_options& options) {
  return explained("from", [&] { return std::make_unique<mongo_source>(options); });
}

std::unique_ptr<bulk_target> open_mongo_target(const mongo_options& options, const std::string& source) {
  return explained("to", [&] { return std::make_unique<mongo_target>(options, source); });
}

}  // namespace bookings
