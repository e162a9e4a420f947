#include "tests/simulation/schedule.hpp"

#include "tests/simulation/simulated_cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace reprise::simulation {
namespace {

// The shipping proportions of period, lease and margin, four times as fast: more of their turns fit into a schedule.
constexpr milliseconds period{62}, lease{250}, margin{12};
constexpr std::size_t most_scopes = 3;
const std::string nothing = "nothing";

options engine_options(const rule_set& rules) {
  options settings;
  settings.deadline = milliseconds(12);
  settings.fill_wait = milliseconds(40);
  settings.lock_ttl = milliseconds(200);
  settings.period = period;
  settings.lease = lease;
  settings.lease_margin = margin;
  settings.write_wait = milliseconds(4000);
  settings.shortest_pause = milliseconds(5);
  settings.longest_pause = milliseconds(60);
  settings.weakened = rules.engine;
  return settings;
}

bool is_cluster(std::uint64_t seed, const rule_set& rules) {
  return rules.is_cluster.value_or(chance(seed ^ 0xc1057e5).once_in(3.5));
}
std::size_t shards_of(std::uint64_t seed, const rule_set& rules) {
  return is_cluster(seed, rules) ? 2 + chance(seed ^ 0x5a5d).below(2) : 1;
}
std::size_t slots_of(std::uint64_t seed, const rule_set& rules) {
  return is_cluster(seed, rules) ? 4 + chance(seed ^ 0x5107).below(most_slots - 3) : 1;
}

class world_of_one {
 public:
  world_of_one(const wanted_schedule& wanted, const rule_set& rules);
  report run();

 private:
  struct node {
    std::string name;
    actor self;
    std::shared_ptr<simulated_backend> backend;  // null: a node without Redis
    std::shared_ptr<simulated_log> log;
    std::unique_ptr<response_cache> cache;
    table_version table = table_version::older;
    bool is_dead = false;
    std::int64_t acknowledged[most_scopes] = {};  // through this node
  };
  using node_ptr = std::shared_ptr<node>;
  using scope_index = std::size_t;

  node_ptr start_node(bool has_redis, const std::string& lease_name);
  void kill(const node_ptr& who);
  node_ptr any_node() { return nodes_[clients_.below(nodes_.size())]; }
  scope scope_of(scope_index which) const { return *scope::of_user("s", std::to_string(which)); }

  asio::awaitable<void> client();
  asio::awaitable<void> read(node_ptr at, scope_index which, bool in_derived);
  asio::awaitable<void> write(node_ptr at, scope_index which);
  asio::awaitable<void> repeat(node_ptr at, scope_index which, std::int64_t version, std::int64_t row, bool is_of_a_new_kind);
  asio::awaitable<void> change_behind_and_purge(node_ptr at, scope_index which);
  void acknowledge(scope_index which, std::int64_t version, const node_ptr& by, std::string_view how = {});
  std::int64_t due(const node_ptr& at, scope_index which) const;

  asio::awaitable<void> cause(fault what);
  void strike(fault what);
  void cut_all_connections(duration within);
  void after(duration delay, task what) { world_.after(delay, std::move(what)); }

  template <class... Parts>
  void tell(fmt::format_string<Parts...> text, Parts&&... parts) {
    world_.tell(text, std::forward<Parts>(parts)...);
  }

  const wanted_schedule wanted_;
  const rule_set rules_;
  virtual_world world_;
  chance clients_, faults_;  // streams of their own: taking a fault away leaves the rest as similar as can be
  store_world store_;
  redis_world redis_;
  cache_policy policy_{.prefix = "s", .ttl = std::chrono::seconds(600)};
  cache_policy derived_{.prefix = "d", .ttl = std::chrono::seconds(600)};
  bool has_two_tables_ = false;  // a rolling upgrade is under way
  std::vector<node_ptr> nodes_, graves_;
  std::size_t scopes_ = 1;
  double write_share_ = 0.1;
  duration think_{};
  std::int64_t acknowledged_[most_scopes] = {};
  std::vector<std::pair<moment, std::int64_t>> history_[most_scopes];  // of it, where entries are tracked
  int names_ = 0;
  moment began_, end_;
  slot_mover slots_;
  report result_;
};

world_of_one::world_of_one(const wanted_schedule& wanted, const rule_set& rules)
    : wanted_(wanted),
      rules_(rules),
      world_(wanted.seed),
      clients_(wanted.seed ^ 0xc11e0000),
      faults_(wanted.seed ^ 0xfa170000),
      store_(world_, rules.store,
             rules.kind.value_or(static_cast<store_kind>(chance(wanted.seed ^ 0x5709e).below(3)))),
      redis_(world_, rules.redis, shards_of(wanted.seed, rules), slots_of(wanted.seed, rules)),
      began_(world_.now()),
      end_(began_ + wanted.length),
      slots_(redis_, wanted.seed ^ 0x510750, end_) {}

report world_of_one::run() {
  scopes_ = 1 + clients_.below(most_scopes);
  write_share_ = 0.03 + 0.2 * clients_.unit() * clients_.unit();
  think_ = clients_.between(milliseconds(2), milliseconds(16));
  policy_.local = derived_.local = rules_.local.value_or(static_cast<local_copies>(chance(wanted_.seed ^ 0x10ca1).below(3)));
  has_two_tables_ = rules_.always_two_tables || chance(wanted_.seed ^ 0x7ab1e).once_in(4);
  if (wanted_.tell_story)
    world_.story = [this](std::string line) {
      const auto t = std::chrono::duration<double, std::milli>(world_.now() - began_).count();
      result_.story.push_back(fmt::format("{:8.1f} ms  {}", t, line));
    };
  tell("entries in the processes: {}", policy_.local == local_copies::off         ? "none"
                                      : policy_.local == local_copies::validated ? "validated"
                                                                                 : "tracked");
  tell("the store has {}", store_.kind == store_kind::one_transaction      ? "one transaction for a write and its row"
                           : store_.kind == store_kind::snapshot_isolation ? "snapshot isolation"
                                                                           : "no transactions: an intent comes first");
  if (redis_.is_cluster()) tell("a cluster of {} masters, with {} slots", redis_.shards.size(), redis_.slots());
  const std::size_t count = 2 + clients_.below(3);
  for (std::size_t i = 0; i < count; ++i) nodes_.push_back(start_node(i == 0 || !clients_.once_in(5), {}));
  // Few kinds of fault in one schedule, each several times: that finds more than a little of everything.
  const std::size_t kinds = 1 + faults_.below(3);
  auto chosen = rules_.aimed_at;
  for (std::size_t i = 0; i < kinds; ++i)
    chosen |= bit(static_cast<fault>(faults_.below(static_cast<std::size_t>(fault::move))));
  if (redis_.is_cluster()) chosen |= bit(fault::move);
  chosen &= ~wanted_.without_faults;
  if ((chosen & bit(fault::move)) != 0)
    redis_.on_map_read = [this] {
      if (faults_.once_in(6)) after(faults_.between({}, milliseconds(60)), [this] { strike(fault::move); });
    };
  for (unsigned i = 0; i < static_cast<unsigned>(fault::count); ++i)
    if (const auto what = static_cast<fault>(i); (chosen & bit(what)) != 0) world_.start(cause(what));
  for (int i = 0; i < 6; ++i) world_.start(client());
  world_.run_until(end_);
  // Everything ends by itself, so that nothing is left suspended.
  for (const auto& each : nodes_) {
    each->cache->stop();
    each->log->cut_until = {};
    each->self.paused_until = {};
  }
  world_.run_until(end_ + std::chrono::seconds(30));
  return std::move(result_);
}

world_of_one::node_ptr world_of_one::start_node(bool has_redis, const std::string& lease_name) {
  auto fresh = std::make_shared<node>();
  fresh->self.name = fresh->name = fmt::format("node {}", ++names_);
  if (has_two_tables_ && clients_.once_in(2)) fresh->table = table_version::newer;
  fresh->log = std::make_shared<simulated_log>(store_, fresh->self, fresh->table);
  if (has_redis) fresh->backend = std::make_shared<simulated_backend>(redis_, fresh->self);
  auto settings = engine_options(rules_);
  settings.weakened.node = lease_name;
  if (has_two_tables_) settings.table = name_of(fresh->table);
  fresh->cache = std::make_unique<response_cache>(settings, fresh->backend, fresh->log,
                                                  std::make_shared<virtual_environment>(world_, fresh->self), nullptr);
  world_.start(fresh->cache->run());
  tell("{} starts{}{}{}", fresh->name, settings.table.empty() ? "" : ", table ", settings.table, has_redis ? "" : ", without Redis");
  return fresh;
}

void world_of_one::kill(const node_ptr& who) {
  if (who->is_dead) return;
  tell("{} dies", who->name);
  who->is_dead = true;
  who->log->is_dead = true;
  if (who->backend) who->backend->die();
  who->cache->stop();
  graves_.push_back(who);  // its coroutines end by themselves, cut off from the world
  const auto at = std::find(nodes_.begin(), nodes_.end(), who);
  if (at == nodes_.end()) return;
  const auto name = rules_.nodes_have_fresh_names ? std::string() : rules_.engine.node;
  *at = start_node(who->backend != nullptr, name);
}

// Clients.

asio::awaitable<void> world_of_one::client() {
  while (world_.now() < end_) {
    co_await world_.sleep(clients_.between({}, 2 * think_));
    const auto at = any_node();
    const auto which = clients_.below(scopes_);
    const double kind = clients_.unit();
    if (kind < write_share_)
      co_await write(at, which);
    else if (kind < write_share_ + 0.004)
      co_await change_behind_and_purge(at, which);
    else
      co_await read(at, which, has_two_tables_ && clients_.once_in(3));
  }
}

// The older version has the derived list too, but there it shows nothing of what changes.
asio::awaitable<void> world_of_one::read(node_ptr at, scope_index which, bool in_derived) {
  const auto due = this->due(at, which);
  const auto began = world_.now();
  ++result_.reads;
  const auto user = std::to_string(which);
  const auto scope_name = scope_of(which).name();
  cache_request request;
  request.user = user;
  request.role = "r";
  const origin read_store = [&]() -> asio::awaitable<origin_reply> {
    const auto version = co_await at->log->read(scope_name);
    origin_reply reply;
    reply.content_type = "application/json";
    reply.status = version ? 200 : 503;
    const bool shows_it = !in_derived || at->table == table_version::newer;
    if (version) reply.body = shows_it ? fmt::to_string(*version) : nothing;
    co_return reply;
  };
  const auto reply = co_await at->cache->serve(in_derived ? derived_ : policy_, request, read_store);
  if (at->is_dead || !reply || reply->status != 200) co_return;
  std::int64_t version = -1;
  if (reply->body == nothing) co_return;
  std::from_chars(reply->body.data(), reply->body.data() + reply->body.size(), version);
  const bool is_hit = reply->outcome == outcome::hit;
  result_.hits += is_hit ? 1 : 0;
  tell("{} reads {}{} at version {} ({})", at->name, in_derived ? "what is derived of " : "", scope_name, version,
       is_hit ? "hit" : reply->outcome == outcome::miss ? reply->collapsed ? "collapsed" : "miss" : "bypass");
  if (version >= due) co_return;
  ++result_.stale;
  if (!result_.first_stale.empty()) co_return;
  const auto t = std::chrono::duration<double, std::milli>(began - began_).count();
  result_.first_stale = fmt::format("a read of {} through {} that began at {:.1f} ms got version {}, after version {} was acknowledged",
                                    scope_name, at->name, t, version, due);
  tell("STALE: {}", result_.first_stale);
}

asio::awaitable<void> world_of_one::write(node_ptr at, scope_index which) {
  ++result_.writes;
  const auto what = scope_of(which);
  const auto scopes = touched_by(what, at->table);
  const bool is_of_a_new_kind = at->table == table_version::newer && clients_.once_in(6);
  if (!rules_.commit_before_invalidate) {
    const std::vector<std::int64_t> no_row(1, 0);
    (void)co_await at->cache->invalidate(scopes, no_row);
  }
  const auto done = co_await at->log->write(what, is_of_a_new_kind);
  if (!done) co_return;
  tell("{} commits {} version {}{}", at->name, what.name(), done->version, is_of_a_new_kind ? ", a change of a new kind" : "");
  if (clients_.once_in(40)) kill(at);
  if (!rules_.commit_before_invalidate) co_return acknowledge(which, done->version, at);
  if (clients_.once_in(6)) world_.start(repeat(any_node(), which, done->version, done->row, is_of_a_new_kind));
  const std::vector<std::int64_t> rows(1, done->row);
  const auto told = co_await at->cache->invalidate(scopes, rows);
  if (told && !at->is_dead) acknowledge(which, done->version, at);
}

// The client's connection broke; it asks again, perhaps another node, with the same Idempotency-Key.
asio::awaitable<void> world_of_one::repeat(node_ptr at, scope_index which, std::int64_t version, std::int64_t row,
                                            bool is_of_a_new_kind) {
  co_await world_.sleep(clients_.between({}, milliseconds(30)));
  const auto scopes = touched_by(scope_of(which), at->table);
  const std::vector<std::int64_t> rows(1, row);
  if (rules_.repetitions_wait) {
    result<void> told;
    if (is_of_a_new_kind && at->table == table_version::older)
      told = co_await at->cache->await_acknowledged(rows);
    else
      told = co_await at->cache->invalidate(scopes, rows);
    if (!told || at->is_dead) co_return;
  }
  acknowledge(which, version, at, ", asked again");
}

// What is done past the store's own writes is made good by a purge, on every node.
asio::awaitable<void> world_of_one::change_behind_and_purge(node_ptr at, scope_index which) {
  const auto version = ++store_.versions[scope_of(which).name()];
  tell("version {} of {} is written behind everybody's back", version, scope_of(which).name());
  auto purged = co_await at->cache->invalidate_all("s");
  if (purged && has_two_tables_) purged = co_await at->cache->invalidate_all("d");
  if (purged && !at->is_dead) acknowledge(which, version, at, ", by a purge");
}

void world_of_one::acknowledge(scope_index which, std::int64_t version, const node_ptr& by, std::string_view how) {
  ++result_.acknowledged;
  acknowledged_[which] = std::max(acknowledged_[which], version);
  by->acknowledged[which] = std::max(by->acknowledged[which], version);
  if (policy_.local == local_copies::tracked) history_[which].emplace_back(world_.now(), acknowledged_[which]);
  tell("version {} of {} is acknowledged by {}{}", version, scope_of(which).name(), by->name, how);
}

// What a read that begins now must show. Tracked entries promise less: what was written through this node, and what others
// wrote once the news of it must have come. That takes some milliseconds, and as long as a node may stand still under
// its lease.
std::int64_t world_of_one::due(const node_ptr& at, scope_index which) const {
  if (policy_.local != local_copies::tracked) return acknowledged_[which];
  auto due = at->acknowledged[which];
  for (const auto& [when, version] : history_[which])
    if (when + lease + milliseconds(10) < world_.now()) due = std::max(due, version);
  return due;
}

// Faults.

asio::awaitable<void> world_of_one::cause(fault what) {
  while (world_.now() < end_) {
    co_await world_.sleep(faults_.between(milliseconds(40), milliseconds(600)));
    if (world_.now() >= end_) co_return;
    ++result_.faults;
    tell("fault: {}", name_of(what));
    strike(what);
  }
}

void world_of_one::cut_all_connections(duration within) {
  for (const auto& each : nodes_)
    if (each->backend) after(faults_.between({}, within), [backend = each->backend] { backend->cut("cut"); });
}

void world_of_one::strike(fault what) {
  const auto victim = nodes_[faults_.below(nodes_.size())];
  auto& place = redis_.shards[redis_.is_cluster() ? faults_.below(redis_.shards.size()) : 0];
  const auto old = place.current;
  const auto about_a_lease = faults_.between(lease / 2, 2 * lease);
  switch (what) {
    case fault::stall:
      old->stalled_until = world_.now() + faults_.between(milliseconds(5), milliseconds(300));
      return;
    case fault::restart:
      if (faults_.once_in(2)) {
        place.snapshot = old->data;
        return;
      }
      redis_.restart(place, place.snapshot);
      return cut_all_connections(milliseconds(50));
    case fault::split: {
      const auto lag = old->data;
      after(faults_.between({}, milliseconds(200)), [this, &place, old, lag] {
        if (place.current != old) return;
        place.others.assign(1, old);
        place.other_every = 3;
        redis_.elect(place, redis_.make(lag));
        // In a cluster a session ends with any of its connections: those that stay with the former master are what is hard.
        if (!redis_.is_cluster() || faults_.once_in(2)) cut_all_connections(milliseconds(700));
      });
      after(faults_.between(milliseconds(200), milliseconds(900)), [this, &place, old] {
        place.other_every = 0;
        if (redis_.is_cluster()) demote(redis_, place, old, faults_.between({}, milliseconds(60)));
      });
      return;
    }
    case fault::takeover: {
      const auto lag = old->data;
      after(faults_.between({}, milliseconds(250)), [this, &place, old, lag] {
        if (old->is_dead) return;
        const auto twin = redis_.make({});
        old->is_master = false;
        old->data = lag;
        old->tell_emptied();
        old->replication = twin->replication;
        after(faults_.between({}, milliseconds(80)), [this, &place, old] {
          if (redis_.is_cluster() && place.current != old) return;
          old->is_master = true;
          if (redis_.is_cluster()) redis_.elect(place, old);
        });
      });
      return;
    }
    case fault::failback: {
      const auto lag = old->data;
      after(faults_.between({}, milliseconds(200)), [this, &place, old, lag] {
        if (place.current != old) return;
        old->is_dead = true;
        const auto replica = redis_.make(lag);
        redis_.elect(place, replica);
        cut_all_connections(milliseconds(30));
        after(faults_.between(milliseconds(5), milliseconds(200)), [this, &place, old, replica] {
          if (place.current != replica) return;
          replica->is_dead = true;
          redis_.elect(place, redis_.make(replica->data));
          place.current->run = old->run;  // the old process, with the replica's data
          cut_all_connections(milliseconds(30));
        });
      });
      return;
    }
    case fault::evict:
      if (!old->data.empty()) {
        const auto gone = old->data.extract(std::next(old->data.begin(), static_cast<std::ptrdiff_t>(faults_.below(old->data.size()))));
        old->tell_changed(gone.key());
      }
      return;
    case fault::flush:
      old->data.clear();
      old->tell_emptied();
      return;
    case fault::full:
      old->is_full = !old->is_full;
      return;
    case fault::cut_redis:
      if (victim->backend) victim->backend->cut("cut");
      return;
    case fault::cut_store:
      victim->log->cut_until = world_.now() + about_a_lease;
      return;
    case fault::pause:
      victim->self.paused_until = world_.now() + about_a_lease;
      return;
    case fault::kill:
      return kill(victim);
    case fault::brown_out:
      store_.browned_out_until = world_.now() + about_a_lease;
      return;
    case fault::deposed:
      store_.deposed_versions = store_.versions;
      store_.deposed_until = world_.now() + about_a_lease;
      return;
    case fault::move:
      return slots_.start(redis_.slot_of(scope_of(faults_.below(scopes_)).name()));
    case fault::count:
      return;
  }
}

}  // namespace

std::string_view name_of(fault what) noexcept {
  constexpr std::string_view names[] = {"stall", "restart",   "split",     "takeover", "failback", "evict",     "flush",
                                        "full",  "cut_redis", "cut_store", "pause",    "kill",     "brown_out", "deposed",
                                        "move"};
  static_assert(std::size(names) == static_cast<std::size_t>(fault::count));
  return names[static_cast<std::size_t>(what)];
}

void report::add(const report& other) {
  reads += other.reads;
  hits += other.hits;
  writes += other.writes;
  acknowledged += other.acknowledged;
  stale += other.stale;
  faults += other.faults;
}

report run_schedule(const wanted_schedule& wanted, const rule_set& rules) { return world_of_one(wanted, rules).run(); }

}  // namespace reprise::simulation
