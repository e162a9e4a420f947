#include "src/engine/log_tables.hpp"

#include <algorithm>

namespace reprise::engine {

auto log_tables::add(std::vector<scope> scopes, time now, bool is_settled) -> log::row_number {
  ++last_;
  // Without an identity there is nobody who could hold anything: who claims later starts cold. But an intent's write is
  // still to come.
  if (identities_.empty() && is_settled) return last_;
  rows_.emplace(last_, kept_row{std::move(scopes), now, is_settled});
  if (rows_.size() > most_rows_) {
    rows_.clear();
    identities_.clear();
  }
  return last_;
}

void log_tables::settle(log::row_number intent, std::vector<scope> scopes) {
  const auto at = rows_.find(intent);
  if (at == rows_.end()) return;
  at->second.is_settled = true;
  at->second.scopes = std::move(scopes);
  at->second.acknowledged.clear();
}

std::string log_tables::claim(const std::string& identity, time now) {
  forget_old_identities(now);
  auto [at, is_new] = identities_.try_emplace(identity);
  at->second.claimed = now;
  if (!is_new) return at->second.nonce;
  at->second.nonce = nonce_base_ + std::to_string(++nonces_);
  // What it holds is dead, so it has nothing to repeat; but an intent's write is still to come.
  for (auto& [number, row] : rows_)
    if (row.is_settled) row.acknowledged.insert(identity);
  return at->second.nonce;
}

void log_tables::forget_old_identities(time now) {
  std::erase_if(identities_, [&](const auto& one) {
    if (now - one.second.claimed <= remembered_) return false;
    return std::none_of(leases_.begin(), leases_.end(), [&](const auto& held) { return held.second.identity == one.first; });
  });
}

log_tables::log::pass log_tables::read_pass(const log::pass_request& wanted, time now) const {
  log::pass found;
  if (const auto known = identities_.find(wanted.identity); known != identities_.end()) found.nonce = known->second.nonce;
  found.epoch = epoch_;
  found.epochs = epochs_;
  for (const auto& [number, row] : rows_) {
    if (row.acknowledged.contains(wanted.identity)) continue;
    if (!row.is_awaited && now - row.created < wanted.at_least) continue;
    if (std::binary_search(wanted.except.begin(), wanted.except.end(), number)) continue;
    if (found.rows.size() == wanted.limit) {
      found.is_last = false;
      break;
    }
    found.rows.push_back({number, row.scopes, row.is_settled});
  }
  return found;
}

void log_tables::acknowledge(const std::string& identity, const std::vector<log::row_number>& numbers, time now) {
  forget_old_identities(now);
  for (const auto number : numbers) {
    const auto at = rows_.find(number);
    if (at == rows_.end() || !at->second.is_settled) continue;
    auto& by = at->second.acknowledged;
    by.insert(identity);
    if (std::all_of(identities_.begin(), identities_.end(), [&](const auto& one) { return by.contains(one.first); }))
      rows_.erase(at);
  }
}

void log_tables::await_rows(const std::vector<log::row_number>& numbers) {
  for (const auto number : numbers)
    if (const auto at = rows_.find(number); at != rows_.end()) at->second.is_awaited = true;
}

std::int64_t log_tables::bump_epoch(const std::string& prefix) { return epochs_[prefix] = ++epoch_; }

bool log_tables::put_lease(log::lease wanted) {
  auto& held = leases_[wanted.node];
  if (held.count >= wanted.count) return false;
  held = std::move(wanted);
  return true;
}

log_tables::log::observation log_tables::observe(const std::vector<log::row_number>& numbers) const {
  log::observation seen;
  for (const auto& [node, held] : leases_) seen.leases.push_back(held);
  for (const auto number : numbers)
    if (const auto at = rows_.find(number); at != rows_.end())
      seen.acknowledged[number].assign(at->second.acknowledged.begin(), at->second.acknowledged.end());
  return seen;
}

}  // namespace reprise::engine
