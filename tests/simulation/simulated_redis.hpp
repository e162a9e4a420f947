// Redis servers that can be stalled, killed, restarted from an old snapshot, failed over, split, filled, emptied and made
// to lose keys, and the backend through which a node's engine uses one. Commands travel: each is executed once or never,
// perhaps after its caller gave up or its connection ended, and its reply may be lost.
#pragma once

#include "reprise/backend.hpp"
#include "tests/simulation/virtual_world.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace reprise::simulation {

// Rules of the backend that a variant takes away.
struct backend_rules {
  bool identity_has_replication_id = true;  // and not the run id alone
  bool one_identity_for_all_connections = true;
  bool emptied_data_ends_sessions = true;   // a server tells its clients when it takes over another one's data
};

struct server {
  std::uint64_t run = 0, replication = 0;  // the identity
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

class redis_world {
 public:
  redis_world(virtual_world& in, backend_rules rules) : in_(in), rules_(rules) { current = make({}); }

  // A new process with this data. Its identity is its own.
  std::shared_ptr<server> make(server::data_type data);

  virtual_world& in() noexcept { return in_; }
  const backend_rules& rules() const noexcept { return rules_; }

  std::shared_ptr<server> current;              // whom a node that connects finds …
  std::vector<std::shared_ptr<server>> others;  // … or, rarely, one of these: former masters that live on
  double other_every = 0;                       // one connection in so many; 0: never
  double reply_lost_every = 500;

 private:
  virtual_world& in_;
  backend_rules rules_;
  std::uint64_t last_id_ = 0;
};

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
    wire wires[2];  // of two I/O threads
    bool is_over = false;
  };
  template <class R, class F>
  asio::awaitable<R> call(deadline limit, F execute);
  std::string identity_of(const server& one) const;
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
