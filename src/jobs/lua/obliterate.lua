-- Removes a part of a paused queue, and its own keys at the end. Called until it answers 0.
-- KEYS meta, active, wait, paused, prioritized, delayed, completed, failed, waiting-children, repeat, events, stalled,
--      stalled-check, id, pc, marker, limiter, and the four of metrics
-- ARGV prefix, now, how many at most, 1 where active jobs go too
-- Answers 1 there is more, 0 all is gone, -1 not paused, -2 active jobs.
local call, prefix, now, limit = redis.call, ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if call('HEXISTS', KEYS[1], 'paused') == 0 then return -1 end
if ARGV[4] ~= '1' and call('EXISTS', KEYS[2]) == 1 then return -2 end
-- include remove_hash
for at = 2, 9 do
  local key, ids = KEYS[at], nil
  if at <= 4 then ids = call('LRANGE', key, 0, limit - 1) else ids = call('ZRANGE', key, 0, limit - 1) end
  for _, id in ipairs(ids) do
    call('DEL', prefix .. id .. ':lock')
    remove_hash(id, true)
  end
  if at <= 4 then
    call('LTRIM', key, #ids, -1)
  elseif ids[1] then
    call('ZREMRANGEBYRANK', key, 0, #ids - 1)
  end
  limit = limit - #ids
  if limit <= 0 then return 1 end
end
for _, scheduler in ipairs(call('ZRANGE', KEYS[10], 0, -1)) do call('DEL', KEYS[10] .. ':' .. scheduler) end
call('DEL', unpack(KEYS))
return 0
