-- Removes a part of what waits. Called until it answers 0.
-- KEYS wait, paused, prioritized, and delayed where that is meant too
-- ARGV prefix, now, how many at most, how many to leave out in each sorted set (next runs of job schedulers)
-- Answers how many it has removed, and how many it has left out in each sorted set.
local call, prefix, now, limit = redis.call, ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
-- include is_scheduled
-- include remove_hash
local count, left = 0, {}
for at, key in ipairs(KEYS) do
  local skipped = tonumber(ARGV[3 + at])
  local ids
  if at <= 2 then
    ids = call('LRANGE', key, skipped, skipped + limit - count - 1)
  else
    ids = call('ZRANGE', key, skipped, skipped + limit - count - 1)
  end
  if count >= limit then ids = {} end
  for _, id in ipairs(ids) do
    if is_scheduled(id) then
      skipped = skipped + 1
    else
      if at <= 2 then call('LREM', key, 1, id) else call('ZREM', key, id) end
      remove_hash(id, true)
      count = count + 1
    end
  end
  left[at] = skipped
end
return {count, unpack(left)}
