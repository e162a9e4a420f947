-- Takes up to `wanted` jobs. Wants: call, prefix, now (and as text: time), the names of the keys, `meta` (most events,
-- paused, concurrency, max, duration), and of the worker: token, or `tokens`, one for each; lock_ms, name, own_max,
-- own_duration ('' where it has none).
-- Sets `taken`: {ms until the rate limit allows more or 0, ms since 1970 when the next delayed job is due or 0,
-- {field, value, …, id} for each job as it was before}, and `is_open`: neither paused, nor full, nor limited.
local blocked = meta[2] or (meta[3] and call('LLEN', active) >= tonumber(meta[3]))
-- include promote_due
local taken = {0, 0}
local max = tonumber(meta[4] or own_max)
local is_open = not blocked
if is_open and max then
  local started = tonumber(call('GET', limiter) or 0)
  if started >= max then
    local left = call('PTTL', limiter)
    if left > 0 then
      taken[1] = left
      is_open = false
    else
      call('DEL', limiter)
      started = 0
    end
  end
  wanted = math.min(wanted, max - started)
end
if is_open and meta[3] then wanted = math.min(wanted, meta[3] - call('LLEN', active)) end
while is_open and #taken < wanted + 2 do
  local id = call('RPOPLPUSH', wait, active)
  if not id then
    id = call('ZPOPMIN', prioritized)[1]
    if not id then
      call('DEL', pc)
      break
    end
    call('LPUSH', active, id)
  end
  local job = prefix .. id
  local fields = redis.pcall('HGETALL', job)
  if fields.err then
    -- A key of this name that is no hash: not ours, and no worker could ever fail it.
    call('LREM', active, 1, id)
    call('XADD', events, '*', 'event', 'failed', 'jobId', id, 'failedReason', 'the key of the job holds no hash', 'prev', 'active')
  elseif string.sub(id, 1, 2) == '0:' then
    call('LREM', active, 1, id)  -- a marker of BullMQ 4
  else
    local started, is_doomed = '1', false
    for at = 1, #fields, 2 do
      local field = fields[at]
      if field == 'ats' then started = (tonumber(fields[at + 1]) or 0) + 1 elseif field == 'defa' then is_doomed = true end
    end
    if max and not is_doomed and call('INCR', limiter) == 1 then
      call('PEXPIRE', limiter, math.max(1, math.floor(tonumber(own_duration) or tonumber(meta[5]) or 1000)))
    end
    call('SET', job .. ':lock', tokens and tokens[#taken - 1] or token, 'PX', lock_ms)
    call('XADD', events, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
    if name == '' then
      call('HSET', job, 'processedOn', time, 'ats', started)
    else
      call('HSET', job, 'processedOn', time, 'ats', started, 'pb', name)
    end
    fields[#fields + 1] = id
    taken[#taken + 1] = fields
  end
end
if taken[3] then
  call('ZADD', marker, '0', '0')
elseif is_open and earliest[2] then
  taken[2] = math.floor(earliest[2] / 4096)
end
