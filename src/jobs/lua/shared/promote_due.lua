-- Moves up to 1000 delayed jobs that are due to where workers take from. Wants: call, prefix, now, delayed, wait,
-- prioritized, pc, marker, events, blocked. Sets `earliest`: what stood first in `delayed`, and its score.
local earliest = call('ZRANGE', delayed, '0', '0', 'WITHSCORES')
if earliest[1] and tonumber(earliest[2]) < (now + 1) * 4096 then
  local due = call('ZRANGEBYSCORE', delayed, '-inf', (now + 1) * 4096 - 1, 'LIMIT', 0, 1000)
  call('ZREM', delayed, unpack(due))
  for _, id in ipairs(due) do
    local job = prefix .. id
    local priority = redis.pcall('HGET', job, 'priority')
    -- What is no hash is not ours: it is in no list any more, and that is all.
    if type(priority) ~= 'table' then
      priority = tonumber(priority or 0) or 0
      if priority > 0 then
        call('ZADD', prioritized, priority * 4294967296 + call('INCR', pc) % 4294967296, id)
      else
        call('LPUSH', wait, id)
      end
      call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'delayed')
      call('HSET', job, 'delay', 0)
    end
  end
  if not blocked then call('ZADD', marker, 0, '0') end
  earliest = call('ZRANGE', delayed, '0', '0', 'WITHSCORES')
end
