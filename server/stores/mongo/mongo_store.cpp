#include "server/stores/mongo/mongo_store.hpp"

#include "server/stores/failure_log.hpp"
#include "server/stores/mongo/indexes.hpp"
#include "server/stores/mongo/mongo_bulk.hpp"
#include "server/stores/mongo/mongo_calls.hpp"

#include <spdlog/spdlog.h>

namespace bookings {

namespace mongo {

errc translate_current_exception(const char* operation) noexcept {
  try {
    throw;
  } catch (const failure& error) {
    log_store_failure(operation, error.what());
    return error.which() == failure::kind::away ? errc::store_unavailable : errc::internal;
  } catch (const std::exception& error) {
    log_store_failure(operation, error.what());
    return errc::internal;
  } catch (...) {
    log_store_failure(operation, "for an unknown reason");
    return errc::internal;
  }
}

}  // namespace mongo

std::unique_ptr<mongo_store> make_mongo_store(const mongo_options& options) {
  return std::make_unique<mongo_store>(options);
}

mongo_store::mongo_store(const mongo_options& options) : shared_(std::make_shared<shared>(options)) {
  mongo::link on(shared_->at);
  mongo::refuse_unfinished_copy(on);
  shared_->at.use(mongo::names(mongo::look_at_references(on, options.names)));
  mongo::ensure_indexes(on);
}

mongo_store::mongo_store(const mongo_store& outer, mongo::unit& joined) : shared_(outer.shared_), joined_(&joined) {}

mongo_store::~mongo_store() = default;

std::uint64_t mongo_store::commands() const noexcept { return shared_->at.commands(); }

void mongo_store::tidy_now_and_then(mongo::link& on) {
  // One tidying removes all that is old: seldom is enough. The first write of a process tidies too, for programs that
  // write little and end. The write itself is done: what fails here is nobody's failure.
  constexpr unsigned writes_between = 64;
  if (shared_->writes++ % writes_between != 0) return;
  try {
    mongo::tidy_outbox(on);
    mongo::tidy_kept_replies(on);
    mongo::forget_given_up(on);
  } catch (const std::exception& error) {
    spdlog::debug("[Store] Tidying is left to a later write: {}", error.what());
  }
}

result<void> mongo_store::check() {
  return read("check", [](mongo::link& on) -> result<void> {
    (void)on.find_one(mongo::counters, mongo::make("_id", "outbox"));
    return {};
  });
}

}  // namespace bookings
