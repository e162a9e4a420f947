// The protocol's atomic steps, as Redis runs them. What each must do is said at its call in reprise/backend.hpp.
#pragma once

#include <array>
#include <string_view>

namespace reprise::redis {

enum class script { begin, commit, release, tidy, take };

inline constexpr std::array<std::string_view, 5> script_sources{
    // A server that is full refuses only what is the first write of a script, so the first is always one that it would
    // refuse: otherwise it would grow beyond its bound.

    // begin: KEYS generation, entry, lock; ARGV stamp, random, lock token, generation ttl, lock ttl, unusable
    // An entry's header is "RP1 <generation> …", so its generation begins at byte 5. A lock that a fill of an earlier
    // generation holds is taken over: that fill cannot be stored any more, and nobody should wait for it.
    R"(local generation = redis.call('GET', KEYS[1])
local present = generation and string.sub(generation, 1, #ARGV[1]) == ARGV[1]
if not present then
  generation = ARGV[1] .. ARGV[2]
  redis.call('SET', KEYS[1], generation, 'PX', ARGV[4])
else
  local entry = redis.call('GET', KEYS[2])
  local usable = entry and (ARGV[6] == '' or string.sub(entry, 1, #ARGV[6]) ~= ARGV[6])
  if usable and string.sub(entry, 5, 5 + #generation) == generation .. ' ' then return {generation, 0, entry} end
end
local holder = redis.call('GET', KEYS[3])
local free = not holder or string.sub(holder, 1, #generation + 1) ~= generation .. ' '
if free then redis.call('SET', KEYS[3], generation .. ' ' .. ARGV[3], 'PX', ARGV[5]) end
if present and redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return {generation, free and 1 or 0, false})",

    // commit: KEYS generation, entry, lock, index; ARGV captured, lock value, entry, ttl, largest scope
    // Answers 1 stored, 0 generation changed, 2 scope full. Generation and index outlive the entry by a minute.
    R"(local function unlock() if ARGV[2] ~= '' and redis.call('GET', KEYS[3]) == ARGV[2] then redis.call('DEL', KEYS[3]) end end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then unlock() return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local listed = redis.call('ZSCORE', KEYS[4], KEYS[2])
if (not listed or tonumber(listed) <= now) and redis.call('ZCOUNT', KEYS[4], '(' .. now, '+inf') >= tonumber(ARGV[5]) then
  unlock()
  return 2
end
local stored = redis.pcall('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
if stored.err then unlock() return stored end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
redis.call('ZADD', KEYS[4], now + ARGV[4], KEYS[2])
for _, key in ipairs({KEYS[1], KEYS[4]}) do
  if redis.call('PTTL', key) < ARGV[4] + 60000 then redis.call('PEXPIRE', key, ARGV[4] + 60000) end
end
unlock()
return 1)",

    // release: KEYS lock; ARGV lock value
    R"(if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0)",

    // tidy: KEYS generation, index. Entries that a fill has stored since, under a new generation, stay.
    R"(local generation = redis.call('GET', KEYS[1])
local removed = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if not generation or redis.call('GETRANGE', key, 4, 4 + #generation) ~= generation .. ' ' then
    removed = removed + redis.call('UNLINK', key)
    redis.call('ZREM', KEYS[2], key)
  end
end
return removed)",

    // take: KEYS limit; ARGV most, interval in µs. reprise/rate.hpp's take_one() by this server's clock; answers the wait.
    R"(local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local most, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local at = tonumber(redis.call('GET', KEYS[1]) or 0) or 0
at = math.min(math.max(at, now), now + most * interval)
local wait = at - now - (most - 1) * interval
if wait > 0 then return wait end
at = at + interval
redis.call('SET', KEYS[1], string.format('%.0f', at), 'PX', math.ceil((at - now) / 1000))
return 0)"};

}  // namespace reprise::redis
