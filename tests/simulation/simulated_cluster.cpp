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

asio::awaitable<void> slot_mover::there_and_back(std::size_t slot) {
  auto& in = where_.in();
  const auto home = where_.owners()[slot];
  const auto away = (home + 1 + random_.below(where_.shards.size() - 1)) % where_.shards.size();
  co_await move(slot, away);
  // What is back before anybody has looked is the hardest to notice.
  for (auto back = home; where_.owners()[slot] == away && random_.once_in(1.5); back = back == home ? away : home) {
    co_await in.sleep(random_.once_in(2) ? random_.between({}, milliseconds(10))
                                         : random_.between({}, milliseconds(150)));
    co_await move(slot, back);
  }
  on_the_way_.reset(slot);
}

asio::awaitable<void> slot_mover::move(std::size_t slot, std::size_t to) {
  auto& in = where_.in();
  const auto from = where_.owners()[slot];
  const duration pause = random_.once_in(2) ? milliseconds(1) : milliseconds(10);
  const double answer_lost_every = random_.once_in(2) ? 3 : 1000;
  const bool moves_all_at_once = random_.once_in(2), leaves_copies = random_.once_in(3);
  in.tell("slot {} begins to move from shard {} to shard {}", slot, from, to);
  std::set<std::string> copied;  // and the answer was lost
  std::vector<straggler> stragglers;
  while (in.now() < end_) {
    co_await in.sleep(random_.between(microseconds(100), 2 * pause));
    auto& source = *where_.shards[from].current;
    const auto to_server = where_.shards[to].current;
    auto& target = *to_server;
    if (!can_work(source) || !can_work(target)) continue;
    if (!source.migrating[slot] ||
        !target.importing[slot]) {  // it begins, or a master is another one that does not know of it
      target.importing.set(slot);
      source.migrating.set(slot);
      source.migrates_to[slot] = to;
      continue;
    }
    auto keys = keys_of(source, slot);
    std::erase_if(keys, [&](const auto& key) { return copied.contains(key); });
    if (keys.empty()) {
      if (copied.empty() || leaves_copies) break;
      copied.clear();  // once more
      co_await in.sleep(random_.between({}, 6 * pause));
      continue;
    }
    if (!moves_all_at_once) keys.resize(1);
    const bool is_answer_lost = random_.once_in(answer_lost_every);
    const bool is_late = is_answer_lost && has_stragglers_ && random_.once_in(1.5);
    for (const auto& key : keys) {
      in.tell("{} is sent to shard {}{}", key, to,
              is_late          ? ", and is late"
              : is_answer_lost ? ", and nobody learns of it"
                               : "");
      if (is_answer_lost) copied.insert(key);
      if (is_late) {
        stragglers.push_back({to_server, key, source.data[key]});
        continue;
      }
      target.data[key] = source.data[key];
      target.tell_changed(key);
      if (is_answer_lost) continue;
      source.data.erase(key);
      source.tell_changed(key);
    }
  }
  if (!stragglers.empty()) {
    auto arrive = [this, slot, sent = std::move(stragglers)]() mutable { deliver_late(slot, std::move(sent)); };
    in.after(random_.between({}, milliseconds(200)), std::move(arrive));
  }
  if (in.now() < end_) co_await hand_over(slot, from, to);
}

// The target takes it where it has the slot, or is about to.
void slot_mover::deliver_late(std::size_t slot, std::vector<straggler> sent) {
  auto& in = where_.in();
  for (auto& [to, key, value] : sent) {
    if (to->is_dead || !to->is_master || (!to->owned[slot] && !to->importing[slot])) continue;
    in.tell("{} arrives late at run{}", key, to->run);
    to->data[key] = std::move(value);
    to->tell_changed(key);
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
  const duration news = random_.once_in(2)   ? milliseconds(3)
                        : random_.once_in(2) ? milliseconds(60)
                                             : milliseconds(300);
  co_await in.sleep(random_.between({}, news));
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
