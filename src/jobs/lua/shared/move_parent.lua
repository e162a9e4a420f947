-- A flow's parent goes from `source` to where workers take from. Wants: call, now.
local function move_parent(queue, parent, parent_id, source)
  if call('EXISTS', parent) == 0 or call('ZREM', source, parent_id) == 0 then return end
  local its = call('HMGET', parent, 'priority', 'delay')
  local priority, delay = tonumber(its[1] or 0) or 0, tonumber(its[2] or 0) or 0
  if delay > 0 then
    local delayed = queue .. ':delayed'
    call('ZADD', delayed, (now + delay) * 4096, parent_id)
    call('XADD', queue .. ':events', '*', 'event', 'delayed', 'jobId', parent_id, 'delay', now + delay)
    call('ZADD', queue .. ':marker', math.floor(call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] / 4096), '1')
    return
  end
  local meta = call('HMGET', queue .. ':meta', 'paused', 'concurrency')
  local blocked = meta[1] or (meta[2] and call('LLEN', queue .. ':active') >= tonumber(meta[2]))
  if priority > 0 then
    call('ZADD', queue .. ':prioritized', priority * 4294967296 + call('INCR', queue .. ':pc') % 4294967296, parent_id)
  else
    call('RPUSH', queue .. ':wait', parent_id)
  end
  if not blocked then call('ZADD', queue .. ':marker', 0, '0') end
  call('XADD', queue .. ':events', '*', 'event', 'waiting', 'jobId', parent_id, 'prev', 'waiting-children')
end
