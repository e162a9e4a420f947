#include "server/caching/store_log.hpp"

#include "server/caching/invalidations.hpp"

#include <algorithm>

namespace bookings::caching {
namespace {

class store_log final : public reprise::invalidation_log {
 public:
  store_log(async_store& stores, std::size_t most_scopes) : stores_(stores), most_scopes_(most_scopes) {}

  awaitable<std::string> claim(std::string identity) override {
    co_return translate(
        co_await stores_.record("claim_identity", [&](store& s) { return s.claim_identity(identity); }));
  }

  awaitable<pass> read_pass(const pass_request& wanted) override {
    // One job reads the rows and asks what shows each: both from the store's own thread.
    co_return translate(co_await stores_.upkeep("read_pass", [&](store& s) -> result<pass> {
      auto found = s.read_pass({wanted.identity, wanted.at_least, wanted.limit, wanted.except});
      if (!found) return found.error();
      pass read;
      read.nonce = std::move(found->nonce);
      read.is_last = found->is_last;
      read.epoch = found->epoch;
      read.epochs = std::move(found->epochs);
      std::size_t total = 0;
      for (const auto& one : found->rows) {
        if (total >= most_scopes_) {
          read.is_last = false;
          break;
        }
        showing elsewhere;
        if (is_shown_elsewhere(one.what)) {
          auto places = s.places_showing(one.what);
          if (!places) return places.error();
          elsewhere = std::move(*places);
        }
        auto scopes = scopes_of(one.what, elsewhere);
        // Every change touches something: where this version can name nothing, it does not know what.
        const bool is_everything = scopes.empty();
        total += scopes.size();
        const bool is_settled = !std::binary_search(found->intents.begin(), found->intents.end(), one.number);
        read.rows.push_back({one.number, std::move(scopes), is_settled, is_everything});
      }
      return read;
    }));
  }

  awaitable<std::vector<row_number>> append(std::vector<reprise::scope> scopes) override {
    auto done = co_await stores_.write("append_row", [&](store& s) -> result<std::vector<row_number>> {
      std::vector<row_number> numbers;
      for (const auto& one : scopes) {
        const auto appended = s.append_row({change_kind::scope, one.name()});
        if (!appended) return appended.error();
        numbers.push_back(appended->number);
      }
      return numbers;
    });
    co_return translate(std::move(done));
  }

  awaitable<void> acknowledge(std::string identity, std::vector<row_number> numbers) override {
    const auto done =
        co_await stores_.record("acknowledge_rows", [&](store& s) { return s.acknowledge_rows(identity, numbers); });
    if (!done) co_return reprise::errc::log_unavailable;
    co_return reprise::result<void>();
  }

  awaitable<void> await_rows(std::vector<row_number> numbers) override {
    const auto done = co_await stores_.upkeep("await_rows", [&](store& s) { return s.await_rows(numbers); });
    if (!done) co_return reprise::errc::log_unavailable;
    co_return reprise::result<void>();
  }

  awaitable<std::int64_t> bump_epoch(std::string prefix) override {
    co_return translate(co_await stores_.write("bump_cache_epoch", [&](store& s) { return s.bump_cache_epoch(prefix); }));
  }

  awaitable<bool> put_lease(const lease& wanted) override {
    co_return translate(co_await stores_.upkeep("put_lease", [&](store& s) {
      return s.put_lease({wanted.node, wanted.identity, wanted.count, wanted.epoch});
    }));
  }

  awaitable<observation> observe(std::vector<row_number> numbers) override {
    co_return translate(co_await stores_.upkeep("observe_cache", [&](store& s) -> result<observation> {
      auto seen = s.observe_cache(numbers);
      if (!seen) return seen.error();
      observation all;
      for (auto& one : seen->leases)
        all.leases.push_back({std::move(one.node), std::move(one.identity), one.count, one.epoch});
      all.acknowledged = std::move(seen->acknowledged);
      return all;
    }));
  }

 private:
  // The store has logged its own failure, with the cause.
  template <class T>
  static reprise::result<T> translate(result<T> from) {
    if (!from) return reprise::errc::log_unavailable;
    return std::move(*from);
  }

  async_store& stores_;
  const std::size_t most_scopes_;
};

}  // namespace

std::shared_ptr<reprise::invalidation_log> make_store_log(async_store& stores, std::size_t most_scopes) {
  return std::make_shared<store_log>(stores, most_scopes);
}

}  // namespace bookings::caching
