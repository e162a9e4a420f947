#include "server/ops/doctor_rights.hpp"

namespace bookings::ops {

// docs/operations.md has the same rights as two lines of ACL SETUSER; a unit test holds one against the other.
const std::vector<needed_right>& needed_rights() {
  constexpr bool yes = true, no = false;
  static const std::vector<needed_right> all{
      {"ping", yes, yes, {"PING"}},
      {"info", yes, yes, {"INFO", "server"}},
      {"select", yes, yes, {}},  // sent by the login, where a database is named
      {"client|tracking", yes, no, {"CLIENT", "TRACKING", "ON", "OPTIN"}},
      {"client|caching", yes, no, {"CLIENT", "CACHING", "YES"}},
      {"script|load", yes, yes, {"SCRIPT", "LOAD", "return 1"}},
      {"eval", yes, no, {"EVAL", "return 1", "0"}},
      {"evalsha", yes, yes, {"EVALSHA", "0000000000000000000000000000000000000000", "0"}},
      {"mget", yes, no, {"MGET", "@missing"}},
      {"get", yes, yes, {"GET", "@missing"}},
      {"set", yes, yes, {"SET", "@missing", "1", "XX"}},
      {"del", yes, yes, {"DEL", "@missing"}},
      {"unlink", yes, no, {"UNLINK", "@missing"}},
      {"getrange", yes, no, {"GETRANGE", "@missing", "0", "1"}},
      {"scan", yes, no, {"SCAN", "0", "COUNT", "1"}},
      {"type", yes, no, {"TYPE", "@missing"}},
      {"strlen", yes, no, {"STRLEN", "@missing"}},
      {"pexpire", yes, yes, {"PEXPIRE", "@missing", "1000"}},
      {"pttl", yes, yes, {"PTTL", "@missing"}},
      {"time", yes, no, {"TIME"}},
      {"zadd", yes, yes, {"ZADD", "@missing", "XX", "1", "x"}},
      {"zcount", yes, no, {"ZCOUNT", "@missing", "0", "1"}},
      {"zrange", yes, yes, {"ZRANGE", "@missing", "0", "0"}},
      {"zscore", yes, yes, {"ZSCORE", "@missing", "x"}},
      {"zrem", yes, yes, {"ZREM", "@missing", "x"}},
      {"zremrangebyscore", yes, no, {"ZREMRANGEBYSCORE", "@missing", "0", "0"}},
      {"bzpopmin", no, yes, {"BZPOPMIN", "@missing", "0.01"}},
      {"exists", no, yes, {"EXISTS", "@missing"}},
      {"hdel", no, yes, {"HDEL", "@missing", "x"}},
      {"hexists", no, yes, {"HEXISTS", "@missing", "x"}},
      {"hget", no, yes, {"HGET", "@missing", "x"}},
      {"hgetall", no, yes, {"HGETALL", "@missing"}},
      {"hincrby", no, yes, {"HINCRBY", "@missing", "x", "no number"}},
      {"hmget", no, yes, {"HMGET", "@missing", "x"}},
      {"hset", no, yes, {"HSET", "@missing", "x", "1", "a field without a value"}},
      {"incr", no, yes, {"INCR", "@text"}},
      {"incrby", no, yes, {"INCRBY", "@missing", "no number"}},
      {"llen", no, yes, {"LLEN", "@missing"}},
      {"lpos", no, yes, {"LPOS", "@missing", "x"}},
      {"lpush", no, yes, {"LPUSH", "@text", "x"}},
      {"lrange", no, yes, {"LRANGE", "@missing", "0", "0"}},
      {"lrem", no, yes, {"LREM", "@missing", "1", "x"}},
      {"ltrim", no, yes, {"LTRIM", "@missing", "0", "0"}},
      {"persist", no, yes, {"PERSIST", "@missing"}},
      {"rpoplpush", no, yes, {"RPOPLPUSH", "@missing", "@missing"}},
      {"rpush", no, yes, {"RPUSH", "@text", "x"}},
      {"sadd", no, yes, {"SADD", "@text", "x"}},
      {"smembers", no, yes, {"SMEMBERS", "@missing"}},
      {"srem", no, yes, {"SREM", "@missing", "x"}},
      {"xadd", no, yes, {"XADD", "@missing", "NOMKSTREAM", "*", "x", "1"}},
      {"xread", no, yes, {"XREAD", "COUNT", "1", "STREAMS", "@missing", "0"}},
      {"xrevrange", no, yes, {"XREVRANGE", "@missing", "+", "-", "COUNT", "1"}},
      {"xtrim", no, yes, {"XTRIM", "@missing", "MAXLEN", "1"}},
      {"zcard", yes, yes, {"ZCARD", "@missing"}},
      {"zpopmin", no, yes, {"ZPOPMIN", "@missing"}},
      {"zrangebyscore", no, yes, {"ZRANGEBYSCORE", "@missing", "0", "1", "LIMIT", "0", "1"}},
      {"zremrangebyrank", no, yes, {"ZREMRANGEBYRANK", "@missing", "0", "0"}},
      {"zrevrange", no, yes, {"ZREVRANGE", "@missing", "0", "0"}},
      {"zrevrangebyscore", no, yes, {"ZREVRANGEBYSCORE", "@missing", "1", "0", "LIMIT", "0", "1"}},
  };
  return all;
}

// Redis 7 and Valkey: "NOPERM User x has no permissions to run the 'get' command", "NOPERM No permissions to access a
// key". Redis 6.2: "NOPERM this user has no permissions to run the 'get' command or its subcommand", "NOPERM this user
// has no permissions to access one of the keys used as arguments". A proxy or a renamed command: "ERR unknown command".
permission permission_in(std::string_view refusal) noexcept {
  if (refusal.starts_with("NOPERM"))
    return refusal.find("access") != refusal.npos && refusal.find(" key") != refusal.npos ? permission::key_refused
                                                                                          : permission::refused;
  if (!refusal.starts_with("ERR")) return permission::granted;
  for (const auto* words : {"unknown command", "Unknown command", "unknown subcommand", "Unknown subcommand",
                            "not supported", "is not allowed", "not available"})
    if (refusal.find(words) != refusal.npos) return permission::unknown_command;
  return permission::granted;
}

}  // namespace bookings::ops
