// What an invalidation log keeps, in memory: the rules of invalidation_log.hpp without a store, a network or a clock of its
// own. make_volatile_log() stands on it, and so do the tests and the simulation, which put their faults around it.
//
// Not thread-safe.
#pragma once

#include "reprise/environment.hpp"
#include "reprise/invalidation_log.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace reprise::engine {

class log_tables {
 public:
  using log = invalidation_log;
  using time = environment::steady_time;

  // `remembered`: how long a claim counts. Rows beyond `most_rows` are given up, together with all identities: they must
  // claim anew, and start cold.
  explicit log_tables(std::string nonce_base, time::duration remembered = std::chrono::hours(1),
                      std::size_t most_rows = 100'000)
      : nonce_base_(std::move(nonce_base)), remembered_(remembered), most_rows_(most_rows) {}

  // A row of a write, or an intent. Returns its number.
  log::row_number add(std::vector<scope> scopes, time now, bool is_settled = true);
  // The intent's write has happened: from here on acknowledgements count, and none has.
  void settle(log::row_number intent, std::vector<scope> scopes);

  std::string claim(const std::string& identity, time now);
  log::pass read_pass(const log::pass_request& wanted, time now) const;
  void acknowledge(const std::string& identity, const std::vector<log::row_number>& numbers, time now);
  void await_rows(const std::vector<log::row_number>& numbers);
  std::int64_t bump_epoch(const std::string& prefix);
  bool put_lease(log::lease wanted);
  log::observation observe(const std::vector<log::row_number>& numbers) const;
  std::size_t rows() const noexcept { return rows_.size(); }

 private:
  struct kept_row {
    std::vector<scope> scopes;
    time created;
    bool is_settled = true, is_awaited = false;
    std::set<std::string> acknowledged{};
  };
  struct kept_identity {
    std::string nonce;
    time claimed;
  };
  void forget_old_identities(time now);

  const std::string nonce_base_;
  const time::duration remembered_;
  const std::size_t most_rows_;
  std::int64_t nonces_ = 0;
  log::row_number last_ = 0;
  std::map<log::row_number, kept_row> rows_;
  std::map<std::string, kept_identity> identities_;
  std::map<std::string, log::lease> leases_;
  std::int64_t epoch_ = 0;
  std::map<std::string, std::int64_t> epochs_;
};

}  // namespace reprise::engine
