#include "server/caching/store_log.hpp"

#include "server/caching/invalidations.hpp"

namespace bookings::caching {
namespace {

class store_log final : public reprise::invalidation_log {
 public:
  explicit store_log(async_store& stores) : stores_(stores) {}

  awaitable<std::string> claim(std::string identity) override {
    co_return translate(
        co_await stores_.upkeep("claim_identity", [&](store& s) { return s.claim_identity(identity); }));
  }

  awaitable<std::vector<row>> pending(std::string identity, std::chrono::milliseconds at_least, std::size_t limit) override {
    // One job reads the rows and asks what shows each: both from the store's own thread.
    co_return translate(co_await stores_.upkeep("pending_rows", [&](store& s) -> result<std::vector<row>> {
      const auto found = s.pending_rows(identity, at_least, limit);
      if (!found) return found.error();
      std::vector<row> rows;
      for (const auto& one : *found) {
        showing elsewhere;
        if (is_shown_elsewhere(one.what)) {
          auto places = s.places_showing(one.what);
          if (!places) return places.error();
          elsewhere = std::move(*places);
        }
        rows.push_back({one.number, scopes_of(one.what, elsewhere)});
      }
      return rows;
    }));
  }

  awaitable<void> acknowledge(std::string identity, std::vector<std::int64_t> numbers) override {
    const auto done = co_await stores_.upkeep("acknowledge_rows",
                                              [&](store& s) { return s.acknowledge_rows(identity, numbers); });
    if (!done) co_return reprise::errc::log_unavailable;
    co_return reprise::result<void>();
  }

  awaitable<std::map<std::string, std::int64_t>> epochs() override {
    co_return translate(co_await stores_.upkeep("cache_epochs", [](store& s) { return s.cache_epochs(); }));
  }

  awaitable<std::int64_t> bump_epoch(std::string prefix) override {
    co_return translate(co_await stores_.upkeep("bump_cache_epoch", [&](store& s) { return s.bump_cache_epoch(prefix); }));
  }

 private:
  // The store has logged its own failure, with the cause.
  template <class T>
  static reprise::result<T> translate(result<T> from) {
    if (!from) return reprise::errc::log_unavailable;
    return std::move(*from);
  }

  async_store& stores_;
};

}  // namespace

std::shared_ptr<reprise::invalidation_log> make_store_log(async_store& stores) { return std::make_shared<store_log>(stores); }

}  // namespace bookings::caching
