#include "server/stores/inspection.hpp"
#include "server/stores/mongo/indexes.hpp"
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/names.hpp"

namespace bookings {
namespace {

class mongo_inspection final : public store_inspection {
 public:
  mongo_inspection(const std::string& url, const mongo::name_map& names) : at_({.url = url, .clock = {}}) {
    mongo::link on(at_);
    at_.use(mongo::names(mongo::look_at_references(on, names)));
  }

  std::optional<schema> find_schema() override { return {}; }

  std::vector<std::string> missing_indexes() override {
    mongo::link on(at_);
    return mongo::missing_indexes(on);
  }

  store::backlog backlog() override {
    mongo::link on(at_);
    return mongo::backlog_of(on);
  }

  std::vector<store::lease> leases() override {
    mongo::link on(at_);
    std::vector<store::lease> all;
    for (const auto& each : on.find(mongo::leases, {}))
      all.push_back({each.text("_id"), each.text("identity"), each.number("count"), each.number("epoch")});
    return all;
  }

  std::optional<room> find_room() override { return {}; }
  std::optional<std::string> quick_check(std::chrono::milliseconds) override { return {}; }

 private:
  mongo::cluster at_;
};

}  // namespace

std::unique_ptr<store_inspection> inspect_mongo_store(const std::string& url, const mongo::name_map& names) {
  return std::make_unique<mongo_inspection>(url, names);
}

}  // namespace bookings
