// The backend in this process: the same atomic steps as the Redis scripts, under one mutex for each shard of scopes. All
// keys of a scope are in one shard, so a step never needs two.
#include "reprise/backends.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <list>
#include <mutex>
#include <set>
#include <unordered_map>

namespace reprise {
namespace {

using std::chrono::milliseconds;
using time = environment::steady_time;

constexpr std::size_t shard_count = 16;
constexpr std::size_t bytes_per_key = 96;  // of the containers, about

// One key's value and its end, in order of use.
struct item {
  std::string key;
  std::shared_ptr<const std::string> text;  // readers keep it while they send it
  time expires;
  std::string index;  // the index that lists it, empty for none

  const std::string& value() const noexcept { return *text; }
};

// So that a key is found without being copied.
struct key_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>()(key); }
};

// A map with expiry and a bound in bytes. Not thread-safe.
class shard {
 public:
  std::mutex mutex;

  // Null where it is absent or expired. Valid until the next call.
  item* find(std::string_view key, time now) {
    const auto at = items_.find(key);
    if (at == items_.end()) return nullptr;
    if (at->second->expires <= now) {
      erase(std::string(key));
      return nullptr;
    }
    order_.splice(order_.begin(), order_, at->second);
    return &*at->second;
  }
  void put(item fresh, std::size_t largest_bytes) {
    erase(fresh.key);
    bytes_ += bytes_of(fresh);
    if (!fresh.index.empty()) indexes_[fresh.index].insert(fresh.key);
    order_.push_front(std::move(fresh));
    items_.emplace(order_.front().key, order_.begin());
    // Eviction may take any key, a generation too: a missing generation only means that nothing in its scope is valid.
    while (bytes_ > largest_bytes && order_.size() > 1) erase(std::string(order_.back().key));
  }
  bool erase(const std::string& key) {
    const auto at = items_.find(key);
    if (at == items_.end()) return false;
    const auto old = at->second;
    bytes_ -= bytes_of(*old);
    if (const auto list = indexes_.find(old->index); list != indexes_.end()) {
      list->second.erase(old->key);
      if (list->second.empty()) indexes_.erase(list);
    }
    items_.erase(at);
    order_.erase(old);
    return true;
  }
  // The keys that an index lists, expired ones dropped: what is listed is held, so lists are bounded as items are.
  std::vector<std::string> listed(const std::string& index, time now) {
    const auto list = indexes_.find(index);
    if (list == indexes_.end()) return {};
    std::vector<std::string> keys(list->second.begin(), list->second.end());
    std::erase_if(keys, [&](const std::string& key) { return find(key, now) == nullptr; });
    return keys;
  }
  // Calls f(key) for each key that is not expired.
  template <class F>
  void each(time now, F f) const {
    for (const auto& one : order_)
      if (one.expires > now) f(one.key);
  }


 private:
  static std::size_t bytes_of(const item& one) noexcept {
    return one.key.size() * 2 + one.text->size() + (one.index.empty() ? 0 : one.key.size() + one.index.size()) + bytes_per_key;
  }

  std::list<item> order_;  // most recently used first
  std::unordered_map<std::string, std::list<item>::iterator, key_hash, std::equal_to<>> items_;
  std::unordered_map<std::string, std::set<std::string>> indexes_;
  std::size_t bytes_ = 0;
};

// Redis's glob: * ? [abc] [^a-z] and the backslash.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    std::size_t next = p + 1;
    bool same = false;
    if (p < pattern.size()) {
      if (pattern[p] == '*') {
        star = p++;
        mark = t;
        continue;
      }
      if (pattern[p] == '\\' && p + 1 < pattern.size()) {
        same = pattern[p + 1] == text[t];
        next = p + 2;
      } else if (const auto end = pattern.find(']', p + 2); pattern[p] == '[' && end != std::string_view::npos) {
        const bool negated = pattern[p + 1] == '^';
        bool inside = false;
        for (std::size_t i = p + 1 + (negated ? 1 : 0); i < end; ++i) {
          if (pattern[i] == '\\' && i + 1 < end) ++i;
          if (i + 2 < end && pattern[i + 1] == '-') {
            const auto [low, high] = std::minmax(pattern[i], pattern[i + 2]);  // Redis takes either order
            inside = inside || (low <= text[t] && text[t] <= high);
            i += 2;
          } else {
            inside = inside || pattern[i] == text[t];
          }
        }
        same = inside != negated;
        next = end + 1;
      } else {
        same = pattern[p] == '?' || pattern[p] == text[t];
      }
    }
    if (same) {
      p = next;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

class memory_backend final : public backend {
 public:
  memory_backend(memory_options options, std::shared_ptr<environment> world)
      : largest_shard_bytes_(options.largest_bytes / shard_count), world_(std::move(world)),
        identity_("memory/" + world_->random_hex(20)) {}

  awaitable<std::string> open() override {
    open_ = true;
    co_return identity_;
  }
  awaitable<std::string> check() override {
    if (!open_) co_return errc::unavailable;
    co_return identity_;
  }
  void close() noexcept override { open_ = false; }
  void on_lost(std::function<void(const std::string&)>) override {}  // it is never lost
  // Nobody else changes what is here, and who changes it knows of it.
  void on_changed(std::function<void(std::string_view)>) override {}
  std::string address() const override { return "memory://"; }

  awaitable<void> read(std::span<slot> slots, deadline) override {
    if (!open_) co_return errc::unavailable;
    const auto now = world_->now();
    for (auto& each : slots) {
      auto& part = shard_of(each.key);
      const std::lock_guard lock(part.mutex);
      const auto* found = part.find(each.key, now);
      if (found != nullptr)
        each.found = value{found->text, *found->text};
      else
        each.found.reset();
    }
    co_return result<void>();
  }

  awaitable<begun> begin(const begin_request& request, deadline) override {
    if (!open_) co_return errc::unavailable;
    auto& part = shard_of(request.generation_key);
    const std::lock_guard lock(part.mutex);
    const auto now = world_->now();
    begun answer;
    auto* generation = part.find(request.generation_key, now);
    if (generation == nullptr || !generation->value().starts_with(request.stamp)) {
      answer.generation = request.stamp + request.random;
      put(part, request.generation_key, answer.generation, now + request.generation_ttl);
    } else {
      answer.generation = generation->value();
      generation->expires = std::max(generation->expires, now + request.generation_ttl);
      if (const auto* entry = part.find(request.entry_key, now);
          entry != nullptr && entry->value().compare(4, answer.generation.size() + 1, answer.generation + " ") == 0 &&
          (request.unusable.empty() || !entry->value().starts_with(request.unusable)))
        answer.entry = value{entry->text, *entry->text};
    }
    if (answer.entry) co_return answer;
    const auto owner = answer.generation + " ";
    // A fill of an earlier generation cannot be stored any more: nobody should wait for it.
    if (const auto* held = part.find(request.lock_key, now); held == nullptr || !held->value().starts_with(owner)) {
      put(part, request.lock_key, owner + request.lock_token, now + request.lock_ttl);
      answer.locked = true;
    }
    co_return answer;
  }

  awaitable<commit_outcome> commit(const commit_request& request, deadline) override {
    if (!open_) co_return errc::unavailable;
    auto& part = shard_of(request.generation_key);
    const std::lock_guard lock(part.mutex);
    const auto now = world_->now();
    unlock(part, request.lock_key, request.lock, now);
    auto* generation = part.find(request.generation_key, now);
    if (generation == nullptr || generation->value() != request.captured) co_return commit_outcome::generation_changed;
    generation->expires = std::max(generation->expires, now + request.ttl + std::chrono::minutes(1));
    if (part.find(request.entry_key, now) == nullptr && part.listed(request.index_key, now).size() >= request.largest_scope)
      co_return commit_outcome::scope_full;
    part.put({request.entry_key, std::make_shared<const std::string>(request.entry), now + request.ttl, request.index_key}, largest_shard_bytes_);
    co_return commit_outcome::stored;
  }

  awaitable<void> release(std::string lock_key, std::string lock_value, deadline) override {
    if (!open_) co_return errc::unavailable;
    auto& part = shard_of(lock_key);
    const std::lock_guard lock(part.mutex);
    unlock(part, lock_key, lock_value, world_->now());
    co_return result<void>();
  }

  awaitable<void> invalidate(std::vector<std::string> generation_keys, deadline) override {
    if (!open_) co_return errc::unavailable;
    for (const auto& key : generation_keys) {
      auto& part = shard_of(key);
      const std::lock_guard lock(part.mutex);
      part.erase(key);
    }
    co_return result<void>();
  }

  awaitable<std::size_t> tidy(std::string generation_key, std::string index_key, deadline) override {
    if (!open_) co_return errc::unavailable;
    auto& part = shard_of(generation_key);
    const std::lock_guard lock(part.mutex);
    const auto now = world_->now();
    const auto* generation = part.find(generation_key, now);
    const auto present = generation != nullptr ? generation->value() + " " : std::string();
    std::size_t removed = 0;
    for (const auto& key : part.listed(index_key, now)) {
      const auto* entry = part.find(key, now);
      const bool valid = !present.empty() && entry->value().compare(4, present.size(), present) == 0;
      if (!valid) removed += part.erase(key) ? 1 : 0;
    }
    co_return removed;
  }

  awaitable<std::optional<std::string>> get(std::string key, deadline) override {
    if (!open_) co_return errc::unavailable;
    auto& part = shard_of(key);
    const std::lock_guard lock(part.mutex);
    co_return text_of(part.find(key, world_->now()));
  }
  awaitable<void> set(std::string key, std::string text, milliseconds ttl, deadline) override {
    if (!open_) co_return errc::unavailable;
    auto& part = shard_of(key);
    const std::lock_guard lock(part.mutex);
    put(part, key, std::move(text), world_->now() + ttl);
    co_return result<void>();
  }
  awaitable<bool> del(std::string key, deadline) override {
    if (!open_) co_return errc::unavailable;
    auto& part = shard_of(key);
    const std::lock_guard lock(part.mutex);
    co_return part.find(key, world_->now()) != nullptr && part.erase(key);
  }
  awaitable<std::chrono::microseconds> take(std::string key, const rate& limit, deadline) override {
    if (!open_) co_return errc::unavailable;
    auto& part = shard_of(key);
    const std::lock_guard lock(part.mutex);
    const auto time = world_->now();
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
    std::chrono::microseconds free_at{0};
    if (const auto* kept = part.find(key, time)) {
      std::int64_t number = 0;
      std::from_chars(kept->value().data(), kept->value().data() + kept->value().size(), number);
      free_at = std::chrono::microseconds(number);
    }
    const auto wait = take_one(limit, free_at, now);
    if (wait.count() == 0) put(part, key, std::to_string(free_at.count()), time + (free_at - now));
    co_return wait;
  }
  awaitable<std::size_t> del_pattern(std::string pattern, deadline) override {
    if (!open_) co_return errc::unavailable;
    std::size_t removed = 0;
    for (auto& part : shards_) {
      const std::lock_guard lock(part.mutex);
      std::vector<std::string> keys;
      part.each(world_->now(), [&](const std::string& key) {
        if (matches(pattern, key)) keys.push_back(key);
      });
      for (const auto& key : keys) removed += part.erase(key) ? 1 : 0;
    }
    co_return removed;
  }
  // Shard by shard, and in each by name, so that a change between two pages moves nothing. The cursor is the shard's number,
  // a colon, and the last name that was looked at. What lists a scope's entries is no key here.
  awaitable<key_page> scan(std::string cursor, std::string pattern, std::size_t count, deadline) override {
    if (!open_) co_return errc::unavailable;
    std::size_t at = 0;
    std::string after;
    if (!cursor.empty()) {
      const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), at);
      const auto colon = static_cast<std::size_t>(end - cursor.data());
      if (error != std::errc() || at >= shard_count || colon == cursor.size() || cursor[colon] != ':') co_return errc::invalid_name;
      after = cursor.substr(colon + 1);
    }
    const auto now = world_->now();
    key_page page;
    auto& part = shards_[at];
    const std::lock_guard lock(part.mutex);
    std::vector<std::string> names;
    part.each(now, [&](const std::string& key) {
      if (after.empty() || key > after) names.push_back(key);
    });
    const auto looked_at = std::min(count, names.size());
    std::partial_sort(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(looked_at), names.end());
    const bool is_last = names.size() == looked_at;
    names.resize(looked_at);
    if (!is_last)
      page.next = std::to_string(at) + ":" + names.back();
    else if (at + 1 < shard_count)
      page.next = std::to_string(at + 1) + ":";
    for (const auto& name : names) {
      if (!matches(pattern, name)) continue;
      const auto* one = part.find(name, now);
      page.keys.push_back({name, key_facts::kind::text, one->value().substr(0, most_beginning_bytes), one->value().size(),
                           std::chrono::ceil<milliseconds>(one->expires - now)});
    }
    co_return page;
  }

 private:
  // By the scope, which is everything before the third colon ("bookings:user:123") of all of its keys.
  shard& shard_of(std::string_view key) {
    std::size_t end = 0;
    for (int colons = 0; end < key.size(); ++end)
      if (key[end] == ':' && ++colons == 3) break;
    return shards_[std::hash<std::string_view>()(key.substr(0, end)) % shard_count];
  }
  void put(shard& part, const std::string& key, std::string text, time expires) {
    part.put({key, std::make_shared<const std::string>(std::move(text)), expires, {}}, largest_shard_bytes_);
  }
  static void unlock(shard& part, const std::string& key, const std::string& value, time now) {
    if (const auto* held = part.find(key, now); held != nullptr && !value.empty() && held->value() == value) part.erase(key);
  }
  static std::optional<std::string> text_of(const item* found) {
    return found != nullptr ? std::optional(found->value()) : std::nullopt;
  }

  const std::size_t largest_shard_bytes_;
  const std::shared_ptr<environment> world_;
  const std::string identity_;
  std::atomic<bool> open_{false};
  std::array<shard, shard_count> shards_;
};

}  // namespace

std::shared_ptr<backend> make_memory_backend(memory_options options, std::shared_ptr<environment> world) {
  return std::make_shared<memory_backend>(options, std::move(world));
}

}  // namespace reprise
