#include "tests/simulation/simulated_redis.hpp"

#include <algorithm>
#include <utility>

namespace reprise::simulation {
namespace {

using data = server::data_type;

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

std::shared_ptr<server> redis_world::make(server::data_type data) {
  auto fresh = std::make_shared<server>();
  fresh->run = ++last_id_;
  fresh->replication = ++last_id_;
  fresh->data = std::move(data);
  return fresh;
}

std::string simulated_backend::identity_of(const server& one) const {
  auto identity = "run" + std::to_string(one.run);
  if (where_.rules().identity_has_replication_id) identity += "/" + std::to_string(one.replication);
  return identity;
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
asio::awaitable<R> simulated_backend::call(deadline limit, F execute) {
  auto& in = where_.in();
  if (!session_ || is_dead_) co_return R(errc::unavailable);

  struct journey : std::enable_shared_from_this<journey> {
    journey(std::shared_ptr<simulated_backend> whose, deadline limit, F what)
        : owner(std::move(whose)), in(owner->where_.in()), which(owner->session_),
          on(which->wires[in.random.below(2)]), gives_up(in.now() + limit), execute(std::move(what)) {}

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
      outcome.emplace(execute(*on.to, in.now()));
      emptied = on.to->emptied;
      const auto lost_every = owner->where_.reply_lost_every;
      const bool is_lost = lost_every > 0 && in.random.once_in(lost_every);
      if (is_lost || in.now() + back >= gives_up) expect_no_answer();
      if (is_lost) return;
      in.after(back, [self] { self->come_back(); }, &owner->whose_);
    }
    void come_back() {
      if (owner->where_.rules().emptied_data_ends_sessions && emptied != on.emptied)
        return fail("the server has emptied its data");
      if (which->is_over) outcome.emplace(errc::unavailable);
      answer.settle(std::move(*outcome));
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
    const wire on;
    const moment gives_up;
    bool is_expected_late = false;
    F execute;
    std::optional<R> outcome;
    std::uint64_t emptied = 0;
    promise_of<R> answer;
  };
  const auto sent = std::make_shared<journey>(shared_from_this(), limit, std::move(execute));
  in.after(in.random.between(microseconds(200), microseconds(3000)), [sent] { sent->arrive(); });
  co_return co_await sent->answer.wait();
}

auto simulated_backend::open() -> awaitable<std::string> {
  close();
  auto& in = where_.in();
  co_await in.sleep(in.random.between(microseconds(500), microseconds(5000)), &whose_);
  if (is_dead_) co_return errc::unavailable;
  const auto target = [&]() -> std::shared_ptr<server> {
    if (where_.other_every > 0 && !where_.others.empty() && in.random.once_in(where_.other_every))
      return where_.others[in.random.below(where_.others.size())];
    return where_.current;
  };
  auto fresh = std::make_shared<session>();
  for (auto& each : fresh->wires) {
    each.to = target();
    each.emptied = each.to->emptied;
    co_await in.sleep(in.random.between(microseconds(200), microseconds(3000)), &whose_);
  }
  for (const auto& each : fresh->wires) {
    if (each.to->is_dead || each.to->stalled_until > in.now()) co_return errc::unavailable;
    if (!each.to->is_master) co_return errc::wrong_role;
  }
  auto identity = identity_of(*fresh->wires[0].to);
  if (where_.rules().one_identity_for_all_connections && identity != identity_of(*fresh->wires[1].to)) co_return errc::bad_reply;
  session_ = fresh;
  co_return identity;
}

auto simulated_backend::check() -> awaitable<std::string> {
  co_return co_await call<result<std::string>>(milliseconds(200), [this](server& on, moment) -> result<std::string> {
    if (!on.is_master) return errc::wrong_role;
    return identity_of(on);
  });
}

auto simulated_backend::read(std::span<slot> slots, deadline limit) -> awaitable<void> {
  using texts = std::vector<std::optional<std::string>>;
  std::vector<std::pair<std::string, bool>> keys;
  for (const auto& each : slots) keys.emplace_back(each.key, each.is_tracked);
  auto execute = [self = shared_from_this(), which = session_, keys = std::move(keys)](server& on, moment now) -> result<texts> {
    texts found;
    for (const auto& [key, is_tracked] : keys) {
      found.push_back(copy_of(find(on, key, now)));
      if (is_tracked) on.listeners[key][which.get()] = [self, which](const std::string* changed) { self->hear(which, changed); };
    }
    return found;
  };
  auto found = co_await call<result<texts>>(limit, std::move(execute));
  if (!found) co_return found.error();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    slots[i].found.reset();
    if (!(*found)[i]) continue;
    auto text = std::make_shared<const std::string>(std::move(*(*found)[i]));
    const std::string_view view = *text;
    slots[i].found = value{std::move(text), view};
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
  co_return co_await call<result<begun>>(limit, std::move(execute));
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
  co_return co_await call<result<commit_outcome>>(limit, std::move(execute));
}

auto simulated_backend::release(std::string lock_key, std::string lock, deadline limit) -> awaitable<void> {
  auto execute = [lock_key = std::move(lock_key), lock = std::move(lock)](server& on, moment now) -> result<void> {
    if (!on.is_master) return errc::wrong_role;
    unlock(on, lock_key, lock, now);
    return {};
  };
  co_return co_await call<result<void>>(limit, std::move(execute));
}

auto simulated_backend::invalidate(std::vector<std::string> generation_keys, deadline limit) -> awaitable<void> {
  auto execute = [this, keys = std::move(generation_keys)](server& on, moment) -> result<void> {
    if (!on.is_master) return errc::wrong_role;
    for (const auto& key : keys) {
      if (on.data.erase(key) > 0) on.tell_changed(key);
      where_.in().tell("{} removes {} on {}", whose_.name, key, identity_of(on));
    }
    return {};
  };
  co_return co_await call<result<void>>(limit, std::move(execute));
}

auto simulated_backend::tidy(std::string, std::string, deadline) -> awaitable<std::size_t> { co_return std::size_t{0}; }

}  // namespace reprise::simulation
