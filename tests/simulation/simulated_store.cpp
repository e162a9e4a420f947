#include "tests/simulation/simulated_store.hpp"

namespace reprise::simulation {

// To the store or back, and no further while the node is cut off.
asio::awaitable<void> simulated_log::travel() {
  auto& in = where_.in;
  co_await in.sleep(in.random.between(microseconds(300), milliseconds(12)), &whose_);
  while (cut_until > in.now() && !is_dead) co_await in.sleep(cut_until - in.now(), &whose_);
  if (where_.browned_out_until > in.now()) co_await in.sleep(in.random.between(milliseconds(20), milliseconds(400)), &whose_);
}

template <class F>
asio::awaitable<std::invoke_result_t<F>> simulated_log::call(F effect) {
  using answer = std::invoke_result_t<F>;
  co_await travel();
  if (is_dead) co_return answer(errc::log_unavailable);
  answer outcome = effect();
  co_await travel();
  if (is_dead) co_return answer(errc::log_unavailable);
  co_return outcome;
}

auto simulated_log::claim(std::string identity) -> awaitable<std::string> {
  auto effect = [&]() -> result<std::string> {
    auto nonce = where_.tables.claim(identity, where_.in.now());
    where_.in.tell("{} claims {}: {}", whose_.name, identity, nonce);
    return nonce_of(identity, std::move(nonce));
  };
  co_return co_await call(effect);
}

std::string simulated_log::nonce_of(const std::string& identity, std::string drawn) {
  if (drawn.empty()) return drawn;
  if (!where_.rules.has_nonces) return "nonce";
  if (where_.rules.nonces_are_of_identities) return drawn;
  // Weakened: one for all tables on a server, drawn anew as soon as any of theirs is.
  const auto of = where_.nonce_of_server.try_emplace(identity, drawn).first;
  auto& shared = where_.nonce_of_server[identity.substr(0, identity.find('#'))];
  if (shared.empty() || std::exchange(of->second, drawn) != drawn) shared = drawn;
  return shared;
}

auto simulated_log::append(std::vector<scope> scopes) -> awaitable<std::vector<row_number>> {
  auto effect = [&]() -> result<std::vector<row_number>> {
    return std::vector<row_number>(1, where_.tables.add(scopes, where_.in.now()));
  };
  co_return co_await call(effect);
}

auto simulated_log::read_pass(const pass_request& wanted) -> awaitable<pass> {
  auto effect = [&]() -> result<pass> {
    auto found = where_.tables.read_pass(wanted, where_.in.now());
    for (auto& one : found.rows) {
      // By the table of the node that asks.
      one.is_everything = table_ == table_version::older && where_.of_a_new_kind.contains(one.number);
      if (one.is_everything)
        one.scopes.clear();
      else if (!one.scopes.empty())
        one.scopes = touched_by(one.scopes.front(), table_);
      where_.in.tell("{} finds row {} not acknowledged by {}{}{}", whose_.name, one.number, wanted.identity,
                     one.is_settled ? "" : ", an intent", one.is_everything ? ", of a kind that it does not know" : "");
    }
    found.nonce = nonce_of(wanted.identity, std::move(found.nonce));
    return found;
  };
  co_return co_await call(effect);
}

auto simulated_log::acknowledge(std::string identity, std::vector<row_number> numbers) -> awaitable<void> {
  auto effect = [&]() -> result<void> {
    for (const auto number : numbers) where_.in.tell("{} notes that {} has acknowledged row {}", whose_.name, identity, number);
    where_.tables.acknowledge(identity, numbers, where_.in.now());
    return {};
  };
  co_return co_await call(effect);
}

auto simulated_log::await_rows(std::vector<row_number> numbers) -> awaitable<void> {
  auto effect = [&]() -> result<void> {
    where_.tables.await_rows(numbers);
    return {};
  };
  co_return co_await call(effect);
}

auto simulated_log::bump_epoch(std::string prefix) -> awaitable<std::int64_t> {
  auto effect = [&]() -> result<std::int64_t> { return where_.tables.bump_epoch(prefix); };
  co_return co_await call(effect);
}

auto simulated_log::put_lease(const lease& wanted) -> awaitable<bool> {
  auto effect = [&]() -> result<bool> {
    const bool is_put = where_.tables.put_lease(wanted);
    where_.in.tell("{} puts the lease of {}: \"{}\", count {}{}", whose_.name, wanted.node, wanted.identity, wanted.count,
                   is_put ? "" : ", in vain");
    return is_put;
  };
  co_return co_await call(effect);
}

auto simulated_log::observe(std::vector<row_number> numbers) -> awaitable<observation> {
  auto effect = [&]() -> result<observation> {
    where_.in.tell("{} looks at the leases", whose_.name);
    return where_.tables.observe(numbers);
  };
  auto seen = co_await call(effect);
  if (seen && !where_.rules.leases_read_after_commit && !seen_early_.empty()) seen->leases = seen_early_.back().second;
  co_return seen;
}

auto simulated_log::add_row(const scope& what, bool is_settled, bool is_of_a_new_kind) -> row_number {
  if (!where_.rules.has_outbox) return 0;
  const auto number = where_.tables.add(std::vector<scope>(1, what), where_.in.now(), is_settled);
  if (is_of_a_new_kind) where_.of_a_new_kind.insert(number);
  return number;
}

auto simulated_log::write(scope what, bool is_of_a_new_kind) -> awaitable<committed> {
  auto& in = where_.in;
  if (!where_.rules.leases_read_after_commit) {
    auto early = [&]() -> result<observation> { return where_.tables.observe({}); };
    const auto leases = co_await call(early);
    if (leases) seen_early_.assign(1, {in.now(), leases->leases});
  }
  committed done;
  if (where_.kind != store_kind::intents) {
    // A snapshot-isolated transaction lasts: what it read at its beginning may be old when it commits.
    if (where_.kind == store_kind::snapshot_isolation) co_await in.sleep(in.random.between(milliseconds(1), milliseconds(120)), &whose_);
    auto effect = [&]() -> result<committed> {
      done.version = ++where_.versions[what.name()];
      done.row = add_row(what, true, is_of_a_new_kind);
      in.tell("{}'s write of {} version {} takes effect, row {}", whose_.name, what.name(), done.version, done.row);
      return done;
    };
    co_return co_await call(effect);
  }
  const bool counts_early = !where_.rules.intents_collect_no_acknowledgements;
  auto intend = [&]() -> result<committed> {
    done.row = add_row(what, counts_early, is_of_a_new_kind);
    return done;
  };
  if (const auto intended = co_await call(intend); !intended) co_return intended.error();
  co_await in.sleep(in.random.between(milliseconds(1), milliseconds(120)), &whose_);
  auto put = [&]() -> result<committed> {
    done.version = ++where_.versions[what.name()];
    in.tell("{}'s write of {} version {} takes effect, intent {}", whose_.name, what.name(), done.version, done.row);
    return done;
  };
  if (const auto written = co_await call(put); !written) co_return written.error();
  auto settle = [&]() -> result<committed> {
    if (where_.rules.has_outbox && !counts_early) where_.tables.settle(done.row, std::vector<scope>(1, what));
    in.tell("{} marks intent {} done", whose_.name, done.row);
    return done;
  };
  co_return co_await call(settle);
}

auto simulated_log::read(std::string scope_name) -> awaitable<std::int64_t> {
  for (;;) {
    bool is_deposed = false;
    auto effect = [&]() -> result<std::int64_t> {
      is_deposed = where_.kind == store_kind::intents && where_.deposed_until > where_.in.now() && where_.in.random.once_in(2);
      return is_deposed ? where_.deposed_versions[scope_name] : where_.versions[scope_name];
    };
    auto value = co_await call(effect);
    if (!value || where_.kind != store_kind::intents || !where_.rules.fills_wait_for_a_barrier) co_return value;
    // A majority write that begins after the read succeeded, on the same primary: a deposed one cannot make it.
    auto barrier = [&]() -> result<bool> { return !is_deposed; };
    const auto passed = co_await call(barrier);
    if (!passed) co_return passed.error();
    if (*passed) co_return value;
  }
}

}  // namespace reprise::simulation
