// A refusal's way: it tells of somebody else's write, and so is given only when every node has taken notice of that. Which
// write it was nobody can say, so it is all that are pending. They are invalidated here too, as their repetition would
// do it; then only other nodes' identities are left to wait for.
#include "src/engine/engine.hpp"

#include <algorithm>

namespace reprise {
namespace {

// Of one identity: more than a period's writes. Beyond it the client is asked to come again.
constexpr std::size_t most_pending = 2000;

}  // namespace

auto response_cache::impl::wait_settled() -> awaitable<result<void>> {
  const auto self = shared_from_this();
  std::function<engine::pending_reader::reading()> read = [this] { return read_pending(); };
  const auto pending = co_await pending_.join(std::move(read), self);
  if (!pending) co_return pending.error();
  if ((*pending)->numbers.empty()) co_return result<void>();
  auto scopes = (*pending)->scopes;
  auto numbers = (*pending)->numbers;
  if (!(*pending)->is_readable) co_return co_await await_acknowledged(std::move(numbers));
  co_return co_await invalidate(std::move(scopes), std::move(numbers));
}

// Leases that are taken later do not matter: their nodes read the outbox after that.
auto response_cache::impl::read_pending() -> engine::pending_reader::reading {
  std::vector<std::int64_t> none;
  const auto seen = co_await log_->observe(std::move(none));
  if (!seen) co_return seen.error();
  std::vector<std::string> identities;
  for (const auto& one : seen->leases)
    if (!one.identity.empty()) identities.push_back(one.identity);
  std::sort(identities.begin(), identities.end());
  identities.erase(std::unique(identities.begin(), identities.end()), identities.end());

  auto all = std::make_shared<engine::pending_rows>();
  for (const auto& identity : identities) {
    invalidation_log::pass_request ask;
    ask.identity = identity;
    ask.limit = most_pending;
    // What this process has executed and not yet recorded.
    if (const auto here = trust_.now_connected(); here.session != 0 && here.identity == identity)
      ask.except = acknowledgements_.unrecorded_of(here.session);
    const auto read = co_await log_->read_pass(ask);
    if (!read) co_return read.error();
    if (!read->is_last) co_return errc::not_acknowledged;
    for (const auto& row : read->rows) {
      all->numbers.push_back(row.number);
      all->is_readable = all->is_readable && !row.is_everything && row.is_settled;
      all->scopes.insert(all->scopes.end(), row.scopes.begin(), row.scopes.end());
    }
  }
  std::sort(all->numbers.begin(), all->numbers.end());
  all->numbers.erase(std::unique(all->numbers.begin(), all->numbers.end()), all->numbers.end());
  co_return std::shared_ptr<const engine::pending_rows>(std::move(all));
}

}  // namespace reprise
