-- Removes jobs of one state that are older than a time: as many as `limit`, the oldest of those looked at first.
-- KEYS the state's key, events
-- ARGV prefix, now, the time, limit, state's name, is it a list (1 or 0)
-- Answers their ids.
local call, prefix, now = redis.call, ARGV[1], tonumber(ARGV[2])
local before, limit, state = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
-- include is_scheduled
-- include remove_hash
local ids
if ARGV[6] == '1' then
  ids = call('LRANGE', KEYS[1], -limit, -1)
elseif state == 'completed' or state == 'failed' then
  ids = call('ZRANGEBYSCORE', KEYS[1], '-inf', before, 'LIMIT', 0, limit)
else
  ids = call('ZRANGE', KEYS[1], 0, limit - 1)
end
local removed = {}
for _, id in ipairs(ids) do
  local goes = true
  if state ~= 'completed' and state ~= 'failed' then
    local times = call('HMGET', prefix .. id, 'processedOn', 'timestamp')
    local time = tonumber(times[1] or times[2])
    goes = (not time or time <= before) and not is_scheduled(id) and
      (state ~= 'active' or call('EXISTS', prefix .. id .. ':lock') == 0)
  end
  if goes then
    if ARGV[6] == '1' then call('LREM', KEYS[1], -1, id) else call('ZREM', KEYS[1], id) end
    remove_hash(id, true)
    removed[#removed + 1] = id
  end
end
call('XADD', KEYS[2], '*', 'event', 'cleaned', 'count', #removed)
return removed
