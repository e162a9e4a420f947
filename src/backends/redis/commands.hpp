// What is sent to one master, or side by side to several, on the connections of a session.
#pragma once

#include "src/backends/redis/session.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::redis {

template <class T>
using call = boost::asio::awaitable<result<T>>;

boost::redis::request new_request();
call<connection::reply> send(std::shared_ptr<connection> wire, const boost::redis::request& request, deadline limit);
call<connection::reply> run(std::shared_ptr<connection> wire, script which, std::span<const std::string_view> keys,
                            std::span<const std::string_view> arguments, deadline limit);

// The reply to one of several commands; errc::bad_reply where it is no number.
result<std::int64_t> integer_at(const connection::reply& answer, std::size_t place);
inline result<std::int64_t> integer(const connection::reply& answer) { return integer_at(answer, 0); }
std::optional<std::string> optional_text(const boost::redis::resp3::node_view& node);

// Slots of several masters: side by side.
call<void> read_apart(const lane& to, std::span<backend::slot> slots, deadline limit);

using keys_of_one = std::vector<std::string_view>;  // of one master's keys
inline constexpr std::size_t chunk_keys = 500;      // that travel together

// Removes keys of one master, some hundreds at a time. In a cluster one command takes keys of one slot alone, and what is to
// acknowledge an invalidation has two rules more (docs/consistency.md, "Cluster"):
//   - each command names a key that is never there: a slot on its way to another master, where copies of what is
//     removed may be already, refuses it as a whole;
//   - the master's config epoch, asked for behind them, is still the session's: the slot was its own all the while.
enum class purpose { acknowledgement, tidiness };
call<std::size_t> unlink(std::shared_ptr<connection> wire, keys_of_one keys, deadline limit, purpose why);

}  // namespace reprise::redis
