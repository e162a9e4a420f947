#include "src/backends/redis/session.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace reprise::redis {
namespace {

namespace asio = boost::asio;

// A map with slots that have moved since is used on for a while: each look-up of such a slot bypasses, and the others are
// spared a cold start for each slot while many move. A write does not wait for that (redis_backend.cpp, invalidate()).
constexpr std::chrono::seconds map_is_kept{2};

std::string digest_of(const std::string& text) {
  std::array<unsigned char, 20> digest;
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  std::array<char, 2 * digest.size() + 1> hex;
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

}  // namespace

std::shared_ptr<connection> lane::at(const redis_address& address) const {
  const auto found = std::find_if(masters.begin(), masters.end(), [&](const auto& each) { return each->is_at(address); });
  return found == masters.end() ? nullptr : *found;
}

session::session(places found, const std::vector<asio::any_io_executor>& io_threads) {
  for (std::size_t i = 0; i <= io_threads.size(); ++i) {
    auto fresh = std::make_shared<lane>();
    fresh->slots = found.slots;
    for (const auto& master : found.masters)
      fresh->masters.push_back(std::make_shared<connection>(io_threads[i % io_threads.size()], master));
    lanes_.push_back(std::move(fresh));
  }
  if (found.slots)
    for (std::size_t i = 0; i < found.masters.size(); ++i) ranges_.push_back(found.slots->ranges_of(i));
}

void session::start(std::function<void(const std::string&)> lost, const std::function<void(std::string_view)>& changed) {
  lost_ = std::move(lost);
  for (const auto& each : lanes_)
    for (const auto& wire : each->masters)
      wire->start(
          [weak = weak_from_this(), which = wire.get()](const std::string& why) {
            if (const auto self = weak.lock()) self->end(*which, why);
          },
          changed);
}

auto session::prepare() -> awaitable<std::string> {
  const auto self = shared_from_this();
  std::vector<std::string> identities(lanes_.front()->masters.size());
  for (const auto& each : lanes_)
    for (std::size_t i = 0; i < identities.size(); ++i) {
      const auto& wire = each->masters[i];
      auto its = co_await on(wire, [](connection& one) { return one.prepare(); });
      if (!its) {
        end(*wire, wire->last_error());
        co_return its.error();
      }
      if (each != lanes_.front() && identities[i] != *its) co_return errc::bad_reply;  // an address that leads to two servers
      identities[i] = std::move(*its);
    }
  if (over_) co_return errc::unavailable;
  co_return identity_of_all(identities);
}

auto session::check(deadline limit) -> awaitable<std::string> {
  const auto self = shared_from_this();
  const bool is_old = std::chrono::steady_clock::now() - begun_ >= map_is_kept;
  std::vector<std::string> identities;
  for (const auto& each : lanes_)
    for (const auto& wire : each->masters) {
      if (is_old && wire->has_moved()) co_return errc::wrong_role;
      if (each == long_work()) {
        auto its = co_await on(wire, [limit](connection& one) { return one.identify(limit); });
        if (!its) co_return its.error();
        identities.push_back(std::move(*its));
        continue;
      }
      const auto alive = co_await on(wire, [limit](connection& one) { return one.ping(limit); });
      if (!alive) co_return alive.error();
    }
  co_return identity_of_all(identities);
}

// Of a cluster, whatever may not differ between two nodes that acknowledge a row for one another: which data each master
// holds, under which config epoch, and which slots are looked for there. A slot that comes back to a master raises an
// epoch, so a map that was left never comes back.
std::string session::identity_of_all(const std::vector<std::string>& each) const {
  if (ranges_.empty()) return each.front();
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < each.size(); ++i) parts.push_back(each[i] + ' ' + ranges_[i] + '\n');
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const auto& part : parts) text += part;
  return "cluster/" + digest_of(text);
}

void session::close() noexcept {
  over_ = true;
  for (const auto& each : lanes_)
    for (const auto& wire : each->masters) wire->close();
}

// The first connection that ends takes the session with it, and only the first is told of: before prepare() returns, so that
// whoever asks why it failed has been told.
void session::end(const connection& first, const std::string& why) {
  std::call_once(ended_, [&] {
    if (over_) return;  // closed
    close();
    if (lost_) lost_(first.is_found() ? first.where() + ": " + why : why);
  });
}

}  // namespace reprise::redis
