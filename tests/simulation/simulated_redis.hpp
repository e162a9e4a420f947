// Redis servers that can be stalled, killed, restarted from an old snapshot, failed over, split, filled, emptied and made
// to lose keys, and the backend through which a node's engine uses one, or a cluster of several. Commands travel: each is
// executed once or never, perhaps after its caller gave up or its connection ended, and its reply may be lost.
//
// To the engine a cluster is one session, too, whose identity names all masters, their config epochs and their slots. A
// single server is a cluster of one shard with one slot. How slots move is in simulated_cluster.hpp.
#pragma once

#include "reprise/backend.hpp"
#include "tests/simulation/virtual_world.hpp"

#include <array>
#include <bitset>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace reprise::simulation {

// Rules of the backend that a variant takes away.
struct backend_rules {
  bool identity_has_replication_id = true;  // and not the run id alone
  bool one_identity_for_all_connections = true;
  bool emptied_data_ends_sessions = true;   // a server tells its clients when it takes over another one's data
  // Of a cluster:
  bool identity_has_slots = true;            // which master each slot is looked for at, and not the masters alone
  bool identity_has_epochs = true;           // the masters' config epochs
  bool redirects_are_errors = true;          // what another server executed does not count as done here
  bool moved_is_no_acknowledgement = true;   // of an invalidation
  bool invalidations_name_an_absent_key = true;  // so that a slot on its way to another master refuses them
  bool invalidations_see_the_epoch = true;       // they count only where the master has it still, asked after them
};

inline constexpr std::size_t most_slots = 8;
using slot_set = std::bitset<most_slots>;
using slot_owners = std::array<std::size_t, most_slots>;  // which shard has which slot

struct server {
  std::uint64_t run = 0, replication = 0;  // the identity
  // In a cluster:
  std::uint64_t config_epoch = 0;
  slot_set owned = slot_set().set();    // what it takes for its own, which it may not be any more
  slot_set migrating, importing;        // on their way to another shard, or from one
  std::array<std::size_t, most_slots> migrates_to{};
  bool is_dead = false, is_master = true, is_full = false;
  moment stalled_until{};
  std::uint64_t emptied = 0;  // how often all data was dropped or replaced under the connections
  struct value {
    std::string text;
    moment expires;
  };
  using data_type = std::map<std::string, value>;
  data_type data;

  // Who is told, once, that a key is no longer what it read; and, whatever it tracks, that all data went.
  using listener = std::function<void(const std::string* key)>;  // null: everything
  std::map<std::string, std::map<const void*, listener>> listeners;
  void tell_changed(const std::string& key);
  void tell_emptied();
};

struct shard {
  std::shared_ptr<server> current;              // whom a node that connects finds …
  std::vector<std::shared_ptr<server>> others;  // … or, rarely, one of these: former masters that live on
  double other_every = 0;                       // one connection in so many; 0: never
  server::data_type snapshot;                   // with which its next process starts
};

class redis_world {
 public:
  // Slots are dealt out in turn. REQUIRES: 1 <= shards <= slots <= most_slots.
  redis_world(virtual_world& in, backend_rules rules, std::size_t shards, std::size_t slots);

  // A new process with this data. Its identity is its own.
  std::shared_ptr<server> make(server::data_type data);
  // It is the shard's master from now on: elected (or, for a former master, again), with its shard's slots.
  void elect(shard& of, std::shared_ptr<server> fresh);
  // The shard's master comes back as another process, with this data.
  void restart(shard& of, server::data_type data);
  // Above all others', unless it is that already.
  void raise_epoch(server& of);

  bool is_cluster() const noexcept { return shards.size() > 1; }
  // All keys of a scope are in one.
  std::size_t slot_of(std::string_view key) const noexcept;
  std::size_t slots() const noexcept { return slots_; }
  const slot_owners& owners() const noexcept { return history_.back().second; }
  void set_owner(std::size_t slot, std::size_t to);
  // The map as somebody has it who has heard nothing since then.
  const slot_owners& owners_at(moment then) const noexcept;

  virtual_world& in() noexcept { return in_; }
  const backend_rules& rules() const noexcept { return rules_; }

  std::vector<shard> shards;  // of each its present master
  double reply_lost_every = 500;
  double map_is_old_every = 4;  // one session in so many begins with an old map
  std::function<void()> on_map_read;  // called where a session begins, between its map and its connections

 private:
  virtual_world& in_;
  backend_rules rules_;
  std::size_t slots_;
  std::vector<std::pair<moment, slot_owners>> history_;  // since when
  std::uint64_t last_id_ = 0, greatest_epoch_ = 0;
};

// What a server says to a command with these keys, which are of one slot.
enum class admission { admitted, moved, ask };
admission admit(const redis_world& in, server& at, const std::vector<std::string>& keys, bool names_an_absent_key);

class simulated_backend final : public backend, public std::enable_shared_from_this<simulated_backend> {
 public:
  simulated_backend(redis_world& where, actor& whose) : where_(where), whose_(whose) {}

  // The node's connections break, as a network does it.
  void cut(const std::string& why);
  // The process is dead: nothing is sent any more.
  void die() {
    is_dead_ = true;
    close();
  }

  awaitable<std::string> open() override;
  awaitable<std::string> check() override;
  void close() noexcept override;
  void on_lost(std::function<void(const std::string&)> handler) override { lost_ = std::move(handler); }
  void on_changed(std::function<void(std::string_view)> handler) override { changed_ = std::move(handler); }
  std::string address() const override { return "simulated"; }
  awaitable<void> read(std::span<slot> slots, deadline limit) override;
  awaitable<begun> begin(const begin_request& request, deadline limit) override;
  awaitable<commit_outcome> commit(const commit_request& request, deadline limit) override;
  awaitable<void> release(std::string lock_key, std::string lock, deadline limit) override;
  awaitable<void> invalidate(std::vector<std::string> generation_keys, deadline limit) override;
  awaitable<std::size_t> tidy(std::string generation_key, std::string index_key, deadline limit) override;
  awaitable<std::optional<std::string>> get(std::string, deadline) override { co_return errc::unavailable; }
  awaitable<void> set(std::string, std::string, std::chrono::milliseconds, deadline) override { co_return errc::unavailable; }
  awaitable<bool> del(std::string, deadline) override { co_return errc::unavailable; }
  awaitable<std::chrono::microseconds> take(std::string, const rate&, deadline) override { co_return errc::unavailable; }
  awaitable<std::size_t> del_pattern(std::string, deadline) override { co_return errc::unavailable; }
  awaitable<key_page> scan(std::string, std::string, std::size_t, deadline) override { co_return errc::unavailable; }

 private:
  struct wire {
    std::shared_ptr<server> to;
    std::uint64_t emptied = 0;
  };
  struct session {
    std::vector<std::array<wire, 2>> wires;  // to each shard, of two I/O threads; a shard without slots is nobody's concern
    std::vector<std::uint64_t> epochs;       // of the masters, as the identity names them
    slot_owners map{};
    moment begun{};
    bool has_moved = false;  // some slot; look-ups of it bypass
    bool is_over = false;
  };
  // Where a command goes, and what is said of it there.
  struct errand {
    std::size_t shard = 0, slot = 0;
    std::vector<std::string> keys{};  // of one slot; in a cluster alone
    bool is_invalidation = false;
  };
  template <class... Keys>
  errand to(const Keys&... keys) const;
  template <class R, class F>
  promise_of<R> send(errand where, deadline limit, F execute);
  awaitable<void> read_of_one_slot(std::vector<slot*> slots, deadline limit);
  std::string identity_of(const server& one) const;
  std::string identity_of(const session& which, const std::vector<std::string>& masters) const;
  std::string name_of_master(const server& one) const;
  void end(const std::shared_ptr<session>& which, const std::string& why);
  void hear(const std::shared_ptr<session>& which, const std::string* changed);

  redis_world& where_;
  actor& whose_;
  std::shared_ptr<session> session_;
  std::function<void(const std::string&)> lost_;
  std::function<void(std::string_view)> changed_;
  bool is_dead_ = false;
};

}  // namespace reprise::simulation
