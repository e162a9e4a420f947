// Leases in MongoDB, and what waiting writes look at.
#include "server/stores/mongo/mongo_calls.hpp"

#include <algorithm>

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;

result<bool> mongo_store::put_lease(const lease& wanted) {
  return read("put_lease", [&](link& on) -> result<bool> {
    try {
      return on.update(mongo::leases,
                       {make("_id", wanted.node, "count", make("$lt", wanted.count)),
                        make("$set", make("identity", wanted.identity, "count", wanted.count, "epoch", wanted.epoch, "at", on.now())),
                        link::change::scope::one, link::change::when_missing::insert}) == 1;
    } catch (const mongo::failure& error) {
      // It is there with a count that is not smaller, so one of the same name is to be made, which cannot be.
      if (error.which() == mongo::failure::kind::duplicate) return false;
      throw;
    }
  });
}

result<store::observation> mongo_store::observe_cache(const std::vector<std::int64_t>& rows) {
  return read("observe_cache", [&](link& on) -> result<observation> {
    observation seen;
    for (const auto& each : on.find(mongo::leases, {}))
      seen.leases.push_back({each.text("_id"), each.text("identity"), each.number("count"), each.number("epoch")});
    if (rows.empty()) return seen;
    // Before the outbox, and all that are open: a row that is in neither was deleted, and that counts as acknowledged.
    for (const auto& intent : mongo::open_intents(on))
      for (const auto& row : mongo::rows_of(intent))
        if (std::find(rows.begin(), rows.end(), row.number) != rows.end()) seen.acknowledged[row.number];
    // What has gone from there to here and was deleted meanwhile stays with nobody's acknowledgement until the next look.
    const auto in_outbox = on.find(mongo::outbox, make("_id", make("$in", rows)));
    if (in_outbox.empty()) return seen;
    // After the rows: one that is claimed between them has a nonce that they cannot name, and need not.
    const auto all = on.find(mongo::identities, {});
    for (const auto& row : in_outbox) {
      const auto waiting = row.texts("waiting");
      auto& by = seen.acknowledged[row.number("_id")];
      by.clear();
      for (const auto& each : all)
        if (std::find(waiting.begin(), waiting.end(), each.text("nonce")) == waiting.end()) by.push_back(each.text("_id"));
    }
    return seen;
  });
}

}  // namespace bookings
