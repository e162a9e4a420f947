#include "tests/simulation/simulated_cluster.hpp"

namespace reprise::simulation {
namespace {

// By what time people, or networks, do something at last: mostly at once.
duration some_time(chance& random, milliseconds soon, milliseconds most) {
  return random.between({}, random.once_in(2) ? soon : most);
}

}  // namespace

void slot_mover::start(std::size_t slot) {
  if (on_the_way_[slot]) return;
  on_the_way_.set(slot);
  where_.in().start(there_and_back(slot));
}

// What is back before anybody has looked is the hardest to notice.
asio::awaitable<void> slot_mover::there_and_back(std::size_t slot) {
  auto& in = where_.in();
  const auto home = where_.owners()[slot];
  const auto away = (home + 1 + random_.below(where_.shards.size() - 1)) % where_.shards.size();
  do {
    co_await move(slot, where_.owners()[slot] == home ? away : home);
    co_await in.sleep(some_time(random_, milliseconds(10), milliseconds(150)));
  } while (in.now() < end_ && random_.once_in(1.5));
  on_the_way_.reset(slot);
}

asio::awaitable<void> slot_mover::move(std::size_t slot, std::size_t to) {
  auto& in = where_.in();
  const auto from = where_.owners()[slot];
  const duration pause = milliseconds(is_hasty_ || random_.once_in(2) ? 1 : 10);
  const double answer_lost_every = is_hasty_ ? 2 : random_.once_in(2) ? 3 : 1000;
  const bool moves_all_at_once = is_hasty_ || random_.once_in(2), leaves_copies = random_.once_in(3);
  in.tell("slot {} begins to move from shard {} to shard {}", slot, from, to);
  std::set<std::string> copied;  // and the answer was lost
  while (in.now() < end_) {
    co_await in.sleep(random_.between(microseconds(100), 2 * pause));
    auto& source = *where_.shards[from].current;
    auto& target = *where_.shards[to].current;
    if (!can_work(source) || !can_work(target)) continue;
    // At the beginning; and again where a master is another one that does not know of it.
    if (!source.migrating[slot] || !target.importing[slot]) {
      target.importing.set(slot);
      source.migrating.set(slot);
      source.migrates_to[slot] = to;
      continue;
    }
    auto keys = keys_of(source, slot);
    std::erase_if(keys, [&](const auto& key) { return copied.contains(key); });
    if (keys.empty()) {
      if (copied.empty() || leaves_copies) co_return co_await hand_over(slot, from, to);
      copied.clear();  // once more
      co_await in.sleep(random_.between({}, 6 * pause));
      continue;
    }
    if (!moves_all_at_once) keys.resize(1);
    const bool is_answered = !random_.once_in(answer_lost_every);
    if (!is_answered) copied.insert(keys.begin(), keys.end());
    carry(slot, keys, from, to, is_answered);
  }
}

// As MIGRATE does it, with REPLACE: the source removes what the target says that it has.
void slot_mover::carry(std::size_t slot, const std::vector<std::string>& keys, std::size_t from, std::size_t to,
                       bool is_answered) {
  auto& in = where_.in();
  auto& source = *where_.shards[from].current;
  const auto target = where_.shards[to].current;
  std::vector<sent> on_the_way;
  for (const auto& key : keys) on_the_way.push_back({key, source.data[key]});
  if (!is_answered && random_.once_in(2)) {
    in.tell("{} keys of slot {} are sent to shard {}, and are late", keys.size(), slot, to);
    in.after(some_time(random_, milliseconds(50), milliseconds(250)),
             [this, slot, target, late = std::move(on_the_way)] { arrive(slot, *target, late); });
    return;
  }
  arrive(slot, *target, on_the_way);
  if (!is_answered) return in.tell("of which shard {} does not learn", from);
  for (const auto& key : keys) {
    source.data.erase(key);
    source.tell_changed(key);
  }
}

// The target takes them where it has the slot, or is about to.
void slot_mover::arrive(std::size_t slot, server& target, const std::vector<sent>& keys) {
  if (target.is_dead || !target.is_master || (!target.owned[slot] && !target.importing[slot])) return;
  for (const auto& [key, value] : keys) {
    where_.in().tell("{} arrives at run{}", key, target.run);
    target.data[key] = value;
    target.tell_changed(key);
  }
}

// The target first, as the tools do it.
asio::awaitable<void> slot_mover::hand_over(std::size_t slot, std::size_t from, std::size_t to) {
  auto& in = where_.in();
  auto& target = *where_.shards[to].current;
  target.owned.set(slot);
  target.migrating.reset(slot);
  target.importing.reset(slot);
  where_.raise_epoch(target);
  where_.set_owner(slot, to);
  in.tell("shard {} has slot {} from now on, config epoch {}", to, slot, target.config_epoch);
  co_await in.sleep(some_time(random_, milliseconds(4), milliseconds(random_.once_in(2) ? 60 : 300)));
  auto& source = *where_.shards[from].current;
  source.owned.reset(slot);
  source.migrating.reset(slot);
  in.tell("shard {} has heard of it", from);
  for (const auto& key : keys_of(source, slot)) {
    source.data.erase(key);
    source.tell_changed(key);
  }
}

std::vector<std::string> slot_mover::keys_of(const server& on, std::size_t slot) const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : on.data)
    if (where_.slot_of(key) == slot) keys.push_back(key);
  return keys;
}

void demote(redis_world& where, const shard& of, const std::shared_ptr<server>& old, duration resynchronised_after) {
  if (old->is_dead || of.current == old) return;
  where.in().tell("run{} is a replica from now on", old->run);
  old->is_master = false;
  where.in().after(resynchronised_after, [&of, old] {
    if (of.current == old) return;
    old->data = of.current->data;
    old->replication = of.current->replication;
    old->tell_emptied();
  });
}

}  // namespace reprise::simulation
