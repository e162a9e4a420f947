#include "tests/simulation/simulated_redis.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace reprise::simulation {
namespace {

using data = server::data_type;

// As src/backends/redis/session.cpp, four times as fast: a map with slots that have moved is used on for so long.
constexpr milliseconds map_is_kept{500};

const std::string* find(server& on, const std::string& key, moment now) {
  const auto at = on.data.find(key);
  if (at == on.data.end()) return nullptr;
  if (at->second.expires <= now) {
    on.data.erase(at);
    on.tell_changed(key);
    return nullptr;
  }
  return &at->second.text;
}

std::optional<std::string> copy_of(const std::string* text) { return text != nullptr ? std::optional(*text) : std::nullopt; }

void unlock(server& on, const std::string& key, const std::string& value, moment now) {
  const auto* held = find(on, key, now);
  if (held != nullptr && !value.empty() && *held == value) on.data.erase(key);
}

}  // namespace

void server::tell_changed(const std::string& key) {
  if (listeners.empty()) return;
  const auto told = listeners.extract(key);
  if (!told.empty())
    for (const auto& [who, tell] : told.mapped()) tell(&key);
}

void server::tell_emptied() {
  ++emptied;
  for (const auto& [key, told] : std::exchange(listeners, {}))
    for (const auto& [who, tell] : told) tell(nullptr);
}

redis_world::redis_world(virtual_world& in, backend_rules rules, std::size_t count, std::size_t slots)
    : shards(count), in_(in), rules_(rules), slots_(slots) {
  slot_owners dealt{};
  for (std::size_t slot = 0; slot < slots_; ++slot) dealt[slot] = slot % count;
  history_.emplace_back(in_.now(), dealt);
  for (auto& each : shards) elect(each, make({}));
}

std::shared_ptr<server> redis_world::make(server::data_type data) {
  auto fresh = std::make_shared<server>();
  fresh->run = ++last_id_;
  fresh->replication = ++last_id_;
  fresh->data = std::move(data);
  return fresh;
}

void redis_world::elect(shard& of, std::shared_ptr<server> fresh) {
  of.current = std::move(fresh);
  of.current->config_epoch = ++greatest_epoch_;
  of.current->migrating.reset();  // which a replica does not know
  of.current->importing.reset();
  if (!is_cluster()) return;
  const auto mine = static_cast<std::size_t>(&of - shards.data());
  of.current->owned.reset();
  for (std::size_t one = 0; one < slots_; ++one) of.current->owned[one] = owners()[one] == mine;
}

void redis_world::restart(shard& of, server::data_type data) {
  const auto old = of.current;
  old->is_dead = true;
  of.current = make(std::move(data));
  of.current->config_epoch = old->config_epoch;
  of.current->owned = old->owned;
  of.current->migrating = old->migrating;
  of.current->importing = old->importing;
  of.current->migrates_to = old->migrates_to;
}

void redis_world::raise_epoch(server& of) {
  if (of.config_epoch != greatest_epoch_) of.config_epoch = ++greatest_epoch_;
}

std::size_t redis_world::slot_of(std::string_view key) const noexcept {
  // "prefix:user:name", then what kind of key.
  std::size_t sum = 0;
  int colons = 0;
  for (const char c : key) {
    if (c == ':' && ++colons == 3) break;
    sum = sum * 7 + static_cast<unsigned char>(c);
  }
  return sum % slots_;
}

void redis_world::set_owner(std::size_t slot, std::size_t to) {
  auto now = owners();
  now[slot] = to;
  history_.emplace_back(in_.now(), now);
}

const slot_owners& redis_world::owners_at(moment then) const noexcept {
  auto at = history_.end();
  while (--at != history_.begin())
    if (at->first <= then) break;
  return at->second;
}

admission admit(const redis_world& in, server& at, const std::vector<std::string>& keys, bool names_an_absent_key) {
  if (!in.is_cluster() || keys.empty()) return admission::admitted;
  const auto slot = in.slot_of(keys.front());
  if (!at.is_master || !at.owned[slot]) return admission::moved;
  if (!at.migrating[slot]) return admission::admitted;
  if (names_an_absent_key) return admission::ask;
  for (const auto& key : keys)
    if (!at.data.contains(key)) return admission::ask;  // or TRYAGAIN: an error too
  return admission::admitted;
}

std::string simulated_backend::identity_of(const server& one) const {
  auto identity = "run" + std::to_string(one.run);
  if (where_.rules().identity_has_replication_id) identity += "/" + std::to_string(one.replication);
  return identity;
}

std::string simulated_backend::name_of_master(const server& one) const {
  auto name = identity_of(one);
  if (where_.is_cluster() && where_.rules().identity_has_epochs) name.append("@").append(std::to_string(one.config_epoch));
  return name;
}

// The server's own; of a cluster the whole view, in words where the real one is a digest.
std::string simulated_backend::identity_of(const session& which, const std::vector<std::string>& masters) const {
  if (!where_.is_cluster()) return masters.front();
  std::string identity;
  for (std::size_t i = 0; i < masters.size(); ++i) {
    if (which.wires[i][0].to == nullptr) continue;
    if (!identity.empty()) identity += ' ';
    identity += masters[i];
    if (!where_.rules().identity_has_slots) continue;
    identity += '=';
    for (std::size_t one = 0; one < where_.slots(); ++one)
      if (which.map[one] == i) identity += std::to_string(one);
  }
  return identity;
}

template <class... Keys>
auto simulated_backend::to(const Keys&... keys) const -> errand {
  errand where;
  if (!where_.is_cluster() || !session_) return where;
  where.keys = {std::string(keys)...};
  where.slot = where_.slot_of(where.keys.front());
  where.shard = session_->map[where.slot];
  return where;
}

void simulated_backend::end(const std::shared_ptr<session>& which, const std::string& why) {
  if (which->is_over) return;
  which->is_over = true;
  if (session_ == which) session_ = nullptr;
  if (lost_) lost_(why);
}

// News on its way, which may come before or after a reply that was sent earlier.
void simulated_backend::hear(const std::shared_ptr<session>& which, const std::string* changed) {
  auto& in = where_.in();
  auto come = [self = shared_from_this(), which, key = changed != nullptr ? *changed : std::string()] {
    if (which->is_over) return;
    if (key.empty())
      self->end(which, "the server has emptied its data");
    else if (self->changed_)
      self->changed_(key);
  };
  if (changed == nullptr && !where_.rules().emptied_data_ends_sessions) return;
  in.after(in.random.between(microseconds(200), microseconds(3000)), std::move(come), &whose_);
}

void simulated_backend::cut(const std::string& why) {
  if (const auto which = session_) end(which, why);
}

void simulated_backend::close() noexcept {
  if (session_) session_->is_over = true;
  session_ = nullptr;
}

// One command on its way: to the server, there, and back. It goes on when its caller is gone, and owns what it needs.
template <class R, class F>
promise_of<R> simulated_backend::send(errand where, deadline limit, F execute) {
  auto& in = where_.in();
  if (!session_ || is_dead_) {
    promise_of<R> nothing_sent;
    nothing_sent.settle(R(errc::unavailable));
    return nothing_sent;
  }

  struct journey : std::enable_shared_from_this<journey> {
    journey(std::shared_ptr<simulated_backend> whose, errand where, deadline limit, F what)
        : owner(std::move(whose)), in(owner->where_.in()), which(owner->session_), asked(std::move(where)),
          on(which->wires[asked.shard][in.random.below(2)]), gives_up(in.now() + limit), execute(std::move(what)) {}

    void arrive() {
      auto self = this->shared_from_this();
      const auto back = in.random.between(microseconds(200), microseconds(3000));
      if (on.to->is_dead) {
        in.after(back, [self] { self->fail("the server is gone"); });
        return;
      }
      if (on.to->stalled_until > in.now()) {
        expect_no_answer();
        in.after(on.to->stalled_until - in.now(), [self] { self->arrive(); });
        return;
      }
      be_answered();
      emptied = on.to->emptied;
      const auto lost_every = owner->where_.reply_lost_every;
      const bool is_lost = lost_every > 0 && in.random.once_in(lost_every);
      if (is_lost || in.now() + back >= gives_up) expect_no_answer();
      if (is_lost) return;
      in.after(back, [self] { self->come_back(); }, &owner->whose_);
    }
    void be_answered() {
      auto& cluster = owner->where_;
      const auto& rules = cluster.rules();
      const auto said = admit(cluster, *on.to, asked.keys, asked.is_invalidation && rules.invalidations_name_an_absent_key);
      if (said == admission::admitted) {
        outcome.emplace(execute(*on.to, in.now()));
        const bool sees_the_epoch = asked.is_invalidation && cluster.is_cluster() && rules.invalidations_see_the_epoch;
        if (!sees_the_epoch || on.to->config_epoch == which->epochs[asked.shard]) return;
        in.tell("{} sees another config epoch at {}: this does not count", owner->whose_.name, owner->identity_of(*on.to));
        outcome.emplace(errc::refused);
        ends = true;
        return;
      }
      in.tell("{}: {} for slot {} at {}{}", owner->whose_.name, said == admission::moved ? "MOVED" : "ASK", asked.slot,
              owner->identity_of(*on.to), asked.is_invalidation ? ", an invalidation" : "");
      outcome.emplace(errc::refused);
      ends = asked.is_invalidation;
      which->has_moved = which->has_moved || said == admission::moved;
      if (!rules.redirects_are_errors) {
        const auto to = said == admission::moved ? cluster.owners()[asked.slot] : on.to->migrates_to[asked.slot];
        const auto by = cluster.shards[to].current;
        ends = ends && by == on.to;
        if (by != on.to) outcome.emplace(execute(*by, in.now()));
      }
      if constexpr (std::is_same_v<R, result<void>>)
        if (said == admission::moved && asked.is_invalidation && !rules.moved_is_no_acknowledgement) {
          outcome.emplace();
          ends = false;
        }
    }
    void come_back() {
      if (owner->where_.rules().emptied_data_ends_sessions && emptied != on.emptied)
        return fail("the server has emptied its data");
      if (which->is_over) outcome.emplace(errc::unavailable);
      answer.settle(std::move(*outcome));
      if (ends) owner->end(which, "a slot is not where it was");
    }
    void fail(const char* why) {
      answer.settle(R(errc::unavailable));
      owner->end(which, why);
    }

    // The caller gives up at its deadline: an event that nearly every call can do without.
    void expect_no_answer() {
      if (std::exchange(is_expected_late, true)) return;
      in.after(gives_up - in.now(), [answer = answer] { answer.settle(R(errc::timed_out)); }, &owner->whose_);
    }

    const std::shared_ptr<simulated_backend> owner;
    virtual_world& in;
    const std::shared_ptr<session> which;
    const errand asked;
    const wire on;
    const moment gives_up;
    bool is_expected_late = false, ends = false;
    F execute;
    std::optional<R> outcome;
    std::uint64_t emptied = 0;
    promise_of<R> answer;
  };
  const auto sent = std::make_shared<journey>(shared_from_this(), std::move(where), limit, std::move(execute));
  in.after(in.random.between(microseconds(200), microseconds(3000)), [sent] { sent->arrive(); });
  return sent->answer;
}

auto simulated_backend::open() -> awaitable<std::string> {
  close();
  auto& in = where_.in();
  co_await in.sleep(in.random.between(microseconds(500), microseconds(5000)), &whose_);
  if (is_dead_) co_return errc::unavailable;
  const auto target = [&](const shard& of) -> std::shared_ptr<server> {
    if (of.other_every > 0 && !of.others.empty() && in.random.once_in(of.other_every))
      return of.others[in.random.below(of.others.size())];
    return of.current;
  };
  auto fresh = std::make_shared<session>();
  fresh->begun = in.now();
  fresh->map = where_.owners();
  if (where_.is_cluster() && in.random.once_in(where_.map_is_old_every))
    fresh->map = where_.owners_at(in.now() - in.random.between({}, milliseconds(250)));
  if (where_.on_map_read) where_.on_map_read();
  fresh->wires.resize(where_.shards.size());
  fresh->epochs.resize(where_.shards.size());
  std::vector<std::string> masters(where_.shards.size());
  const auto slots_end = fresh->map.begin() + static_cast<std::ptrdiff_t>(where_.slots());
  for (std::size_t i = 0; i < fresh->wires.size(); ++i) {
    if (std::find(fresh->map.begin(), slots_end, i) == slots_end) continue;
    for (auto& each : fresh->wires[i]) {
      each.to = target(where_.shards[i]);
      each.emptied = each.to->emptied;
      co_await in.sleep(in.random.between(microseconds(200), microseconds(3000)), &whose_);
    }
    for (const auto& each : fresh->wires[i]) {
      if (each.to->is_dead || each.to->stalled_until > in.now()) co_return errc::unavailable;
      if (!each.to->is_master) co_return errc::wrong_role;
    }
    masters[i] = name_of_master(*fresh->wires[i][0].to);
    fresh->epochs[i] = fresh->wires[i][0].to->config_epoch;
    if (where_.rules().one_identity_for_all_connections && masters[i] != name_of_master(*fresh->wires[i][1].to))
      co_return errc::bad_reply;
  }
  session_ = fresh;
  co_return identity_of(*fresh, masters);
}

auto simulated_backend::check() -> awaitable<std::string> {
  const auto which = session_;
  if (!which) co_return errc::unavailable;
  if (which->has_moved && where_.in().now() - which->begun >= map_is_kept) co_return errc::wrong_role;
  std::vector<std::pair<std::size_t, promise_of<result<std::string>>>> asked;
  for (std::size_t i = 0; i < which->wires.size(); ++i) {
    if (which->wires[i][0].to == nullptr) continue;
    errand where;
    where.shard = i;
    auto execute = [this](server& on, moment) -> result<std::string> {
      if (!on.is_master) return errc::wrong_role;
      return name_of_master(on);
    };
    asked.emplace_back(i, send<result<std::string>>(std::move(where), milliseconds(200), std::move(execute)));
  }
  std::vector<std::string> masters(which->wires.size());
  for (auto& [i, answer] : asked) {
    auto said = co_await answer.wait();
    if (!said) co_return said.error();
    masters[i] = std::move(*said);
  }
  co_return identity_of(*which, masters);
}

auto simulated_backend::read(std::span<slot> slots, deadline limit) -> awaitable<void> {
  std::map<std::size_t, std::vector<slot*>> of;
  for (auto& each : slots) of[where_.slot_of(each.key)].push_back(&each);
  for (auto& [number, some] : of)
    if (const auto done = co_await read_of_one_slot(std::move(some), limit); !done) co_return done.error();
  co_return result<void>();
}

auto simulated_backend::read_of_one_slot(std::vector<slot*> slots, deadline limit) -> awaitable<void> {
  using texts = std::vector<std::optional<std::string>>;
  std::vector<std::pair<std::string, bool>> keys;
  auto where = to(slots.front()->key);
  for (const auto* each : slots) {
    keys.emplace_back(each->key, each->is_tracked);
    if (each != slots.front() && !where.keys.empty()) where.keys.emplace_back(each->key);
  }
  auto execute = [self = shared_from_this(), which = session_, keys = std::move(keys)](server& on, moment now) -> result<texts> {
    texts found;
    for (const auto& [key, is_tracked] : keys) {
      found.push_back(copy_of(find(on, key, now)));
      if (is_tracked) on.listeners[key][which.get()] = [self, which](const std::string* changed) { self->hear(which, changed); };
    }
    return found;
  };
  auto answer = send<result<texts>>(std::move(where), limit, std::move(execute));
  auto found = co_await answer.wait();
  if (!found) co_return found.error();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    slots[i]->found.reset();
    if (!(*found)[i]) continue;
    auto text = std::make_shared<const std::string>(std::move(*(*found)[i]));
    const std::string_view view = *text;
    slots[i]->found = value{std::move(text), view};
  }
  co_return result<void>();
}

// The same steps as the script (src/backends/redis/scripts.hpp).
auto simulated_backend::begin(const begin_request& request, deadline limit) -> awaitable<begun> {
  auto execute = [request](server& on, moment now) -> result<begun> {
    if (!on.is_master) return errc::wrong_role;
    begun answer;
    const auto* generation = find(on, request.generation_key, now);
    if (generation == nullptr || !generation->starts_with(request.stamp)) {
      if (on.is_full) return errc::refused;
      answer.generation = request.stamp + request.random;
      on.data[request.generation_key] = {answer.generation, now + request.generation_ttl};
      on.tell_changed(request.generation_key);
    } else {
      answer.generation = *generation;
      if (const auto* entry = find(on, request.entry_key, now);
          entry != nullptr && entry->compare(4, answer.generation.size() + 1, answer.generation + " ") == 0 &&
          (request.unusable.empty() || !entry->starts_with(request.unusable))) {
        auto text = std::make_shared<const std::string>(*entry);
        const std::string_view view = *text;
        answer.entry = value{std::move(text), view};
        return answer;
      }
    }
    const auto* held = find(on, request.lock_key, now);
    if (held == nullptr || !held->starts_with(answer.generation + " ")) {
      if (on.is_full) return errc::refused;
      on.data[request.lock_key] = {answer.generation + " " + request.lock_token, now + request.lock_ttl};
      answer.locked = true;
    }
    return answer;
  };
  auto answer = send<result<begun>>(to(request.generation_key, request.entry_key, request.lock_key), limit, std::move(execute));
  co_return co_await answer.wait();
}

auto simulated_backend::commit(const commit_request& request, deadline limit) -> awaitable<commit_outcome> {
  auto execute = [this, request](server& on, moment now) -> result<commit_outcome> {
    if (!on.is_master) return errc::wrong_role;
    unlock(on, request.lock_key, request.lock, now);
    const auto* generation = find(on, request.generation_key, now);
    if (generation == nullptr || *generation != request.captured) return commit_outcome::generation_changed;
    if (on.is_full) return errc::refused;
    on.data[request.entry_key] = {request.entry, now + request.ttl};
    where_.in().tell("{} stores {} on {}, generation {}: {}", whose_.name, request.entry_key, identity_of(on), request.captured,
                     request.entry.substr(request.entry.find('\n') + 1));
    return commit_outcome::stored;
  };
  auto answer =
      send<result<commit_outcome>>(to(request.generation_key, request.entry_key, request.lock_key), limit, std::move(execute));
  co_return co_await answer.wait();
}

auto simulated_backend::release(std::string lock_key, std::string lock, deadline limit) -> awaitable<void> {
  auto where = to(lock_key);
  auto execute = [lock_key = std::move(lock_key), lock = std::move(lock)](server& on, moment now) -> result<void> {
    if (!on.is_master) return errc::wrong_role;
    unlock(on, lock_key, lock, now);
    return {};
  };
  auto answer = send<result<void>>(std::move(where), limit, std::move(execute));
  co_return co_await answer.wait();
}

auto simulated_backend::invalidate(std::vector<std::string> generation_keys, deadline limit) -> awaitable<void> {
  std::map<std::size_t, std::vector<std::string>> of;
  for (auto& key : generation_keys) of[where_.slot_of(key)].push_back(std::move(key));
  std::vector<promise_of<result<void>>> sent;
  for (auto& [number, keys] : of) {
    auto where = to(keys.front());
    where.is_invalidation = true;
    if (!where.keys.empty()) where.keys = keys;
    auto execute = [this, keys = std::move(keys)](server& on, moment) -> result<void> {
      if (!on.is_master) return errc::wrong_role;
      for (const auto& key : keys) {
        if (on.data.erase(key) > 0) on.tell_changed(key);
        where_.in().tell("{} removes {} on {}", whose_.name, key, identity_of(on));
      }
      return {};
    };
    sent.push_back(send<result<void>>(std::move(where), limit, std::move(execute)));
  }
  result<void> all;
  for (auto& each : sent)
    if (const auto done = co_await each.wait(); !done) all = done.error();
  co_return all;
}

auto simulated_backend::tidy(std::string, std::string, deadline) -> awaitable<std::size_t> { co_return std::size_t{0}; }

}  // namespace reprise::simulation
