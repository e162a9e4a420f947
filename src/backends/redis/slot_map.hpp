// Which master of a Redis Cluster has which keys. Pure.
#pragma once

#include "reprise/errc.hpp"
#include "reprise/redis_options.hpp"

#include <boost/redis/resp3/node.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::redis {

inline constexpr std::size_t slot_count = 16384;

// CRC16 (XMODEM) of the key's hash tag, or of the whole key where it has none, modulo 16384. The tag is what stands between
// the first '{' and the first '}' after it, unless that is nothing (Redis Cluster specification, "Hash tags").
std::uint16_t slot_of(std::string_view key) noexcept;

struct slot_map {
  static constexpr std::uint16_t nobody = 0xffff;

  std::vector<redis_address> masters;            // in the order of their first slots
  std::array<std::uint16_t, slot_count> owners;  // of each slot its master's place in `masters`, or nobody

  slot_map() { owners.fill(nobody); }
  // "0-5460,5462": the slots of one master.
  std::string ranges_of(std::size_t master) const;
  // How many slots no master has.
  std::size_t uncovered() const noexcept;
};

// Reads the answer to CLUSTER SLOTS:
//   [[first slot, last slot, [host, port, node id, …], replica…], …]
// A host that is absent, empty or "?" is the one that was asked. errc::bad_reply where it is anything else: a slot beyond the
// last or named twice, a port that is none, more masters than there are slots.
result<slot_map> read_slot_map(std::span<const boost::redis::resp3::node_view> answer, std::string_view asked_host);

// What a master answers for a key that it does not have, or not alone:
//   MOVED 3999 10.0.0.7:6381     the slot is another master's
//   ASK 3999 10.0.0.7:6381       the slot is moving, and this key is there already
// A host that is empty is that of whoever said it.
struct redirect {
  bool is_moved = false;
  redis_address to;
};
// Absent where the text is no redirect.
std::optional<redirect> read_redirect(std::string_view error, std::string_view asked_host);

}  // namespace reprise::redis
