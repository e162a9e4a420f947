-- Job `id`, which stands in `active` already, is this worker's; see take.lua.
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
  call('SET', job .. ':lock', token, 'PX', lock_ms)
  call('XADD', events, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
  if name == '' then
    call('HSET', job, 'processedOn', time, 'ats', started)
  else
    call('HSET', job, 'processedOn', time, 'ats', started, 'pb', name)
  end
  fields[#fields + 1] = id
  taken[#taken + 1] = fields
end
