// The store of the simulation: a version number for each scope, the outbox and the leases, all in one place that every node
// reaches over its own network. Every call takes effect at one moment and answers later, or never while the node is cut
// off. Three kinds of store: one transaction for write and row (SQLite), a write and its row visible later than they were
// begun (snapshot isolation), and none, where an intent comes first (MongoDB without transactions).
#pragma once

#include "reprise/invalidation_log.hpp"
#include "src/engine/log_tables.hpp"
#include "tests/simulation/virtual_world.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::simulation {

// Rules of the store that a variant takes away.
struct store_rules {
  bool has_outbox = true;
  bool has_nonces = true;             // a nonce of its own for each claim after an identity was forgotten
  bool leases_read_after_commit = true;
  bool intents_collect_no_acknowledgements = true;
  bool fills_wait_for_a_barrier = true;
  bool nonces_are_of_identities = true;   // and not of servers, whatever the table
};

// What invalidates what, in two versions of a service. In the newer one, a list under the prefix "d" shows what changes under
// "s", so each change of a scope touches two; and it makes changes of a kind that the older one cannot read.
enum class table_version { older, newer };
constexpr std::string_view name_of(table_version which) noexcept { return which == table_version::newer ? "newer" : "older"; }
inline scope shown_in(const scope& what) { return *scope::of_user("d", what.name().substr(what.name().rfind(':') + 1)); }
inline std::vector<scope> touched_by(const scope& what, table_version by) {
  std::vector<scope> all(1, what);
  if (by == table_version::newer) all.push_back(shown_in(what));
  return all;
}

enum class store_kind { one_transaction, snapshot_isolation, intents };

struct store_world {
  // An hour, in a world whose leases last a quarter of a second.
  static constexpr milliseconds remembered{300};

  store_world(virtual_world& world, store_rules which, store_kind what)
      : in(world), rules(which), kind(what), tables("nonce", remembered) {}

  virtual_world& in;
  store_rules rules;
  store_kind kind;
  engine::log_tables tables;
  std::set<invalidation_log::row_number> of_a_new_kind;
  std::map<std::string, std::string> nonce_of_server;  // without nonces_are_of_identities
  std::map<std::string, std::int64_t> versions;  // of each scope: what a fill reads
  // A primary that was deposed answers reads from what it has, until it notices.
  std::map<std::string, std::int64_t> deposed_versions;
  moment deposed_until{};
  moment browned_out_until{};
};

class simulated_log final : public invalidation_log {
 public:
  simulated_log(store_world& where, actor& whose, table_version table) : where_(where), whose_(whose), table_(table) {}

  moment cut_until{};  // from the store
  bool is_dead = false;

  // A call as the node makes it: takes effect at one moment, answers later; log_unavailable where the node is dead.
  template <class F>
  asio::awaitable<std::invoke_result_t<F>> call(F effect);

  // The write of the next version of a scope with its row, as this kind of store does it. Its row, once committed.
  struct committed {
    std::int64_t version = 0;
    row_number row = 0;
  };
  awaitable<committed> write(scope what, bool is_of_a_new_kind);
  // What a fill reads.
  awaitable<std::int64_t> read(std::string scope_name);

  awaitable<std::string> claim(std::string identity) override;
  awaitable<std::vector<row_number>> append(std::vector<scope> scopes) override;
  awaitable<pass> read_pass(const pass_request& wanted) override;
  awaitable<void> acknowledge(std::string identity, std::vector<row_number> numbers) override;
  awaitable<void> await_rows(std::vector<row_number> numbers) override;
  awaitable<std::int64_t> bump_epoch(std::string prefix) override;
  awaitable<bool> put_lease(const lease& wanted) override;
  awaitable<observation> observe(std::vector<row_number> numbers) override;

 private:
  asio::awaitable<void> travel();
  row_number add_row(const scope& what, bool is_settled, bool is_of_a_new_kind);
  std::string nonce_of(const std::string& identity, std::string drawn);

  store_world& where_;
  actor& whose_;
  const table_version table_;
  std::vector<std::pair<moment, std::vector<lease>>> seen_early_;  // leases as they were when writes began (variant)
};

}  // namespace reprise::simulation
