-- Places a job whose hash is there, as add.lua and add_later.lua do. Wants: call, prefix, most.
local function enqueue(id, timestamp, delay, priority, push)
  local delayed = prefix .. 'delayed'
  -- include delayed_score
  if delay > 0 then
    call('ZADD', delayed, delayed_score(timestamp + delay), id)
    call('XADD', prefix .. 'events', 'MAXLEN', '~', most, '*', 'event', 'delayed', 'jobId', id, 'delay', timestamp + delay)
    call('ZADD', prefix .. 'marker', math.floor(call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] / 4096), '1')
    return
  end
  local meta = call('HMGET', prefix .. 'meta', 'paused', 'concurrency')
  local blocked = meta[1] or (meta[2] and call('LLEN', prefix .. 'active') >= tonumber(meta[2]))
  if priority > 0 then
    call('ZADD', prefix .. 'prioritized', priority * 4294967296 + call('INCR', prefix .. 'pc') % 4294967296, id)
  else
    call(push, prefix .. 'wait', id)
  end
  if not blocked then call('ZADD', prefix .. 'marker', 0, '0') end
  call('XADD', prefix .. 'events', 'MAXLEN', '~', most, '*', 'event', 'waiting', 'jobId', id)
end
