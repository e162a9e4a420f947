-- Jobs that are active without a lock since the last such look go back to the front; all that are active are suspects now.
-- KEYS stalled, wait, active, stalled-check, meta, marker, events, repeat
-- ARGV prefix, now, ms between two looks, how often a job may stall
-- Answers the ids that went back.
local call, prefix = redis.call, ARGV[1]
local wait, active, events = KEYS[2], KEYS[3], KEYS[7]
if not call('SET', KEYS[4], ARGV[2], 'PX', ARGV[3], 'NX') then return {} end
local meta = call('HMGET', KEYS[5], 'opts.maxLenEvents', 'paused', 'concurrency')
local most = meta[1]
if not most then
  most = 10000
  call('HSET', KEYS[5], 'opts.maxLenEvents', most)
end
call('XTRIM', events, 'MAXLEN', '~', most)
local recovered, suspects = {}, call('SMEMBERS', KEYS[1])
if suspects[1] then call('DEL', KEYS[1]) end
for _, id in ipairs(suspects) do
  local job = prefix .. id
  if string.sub(id, 1, 2) == '0:' then
    call('LREM', active, 1, id)
  elseif call('EXISTS', job .. ':lock') == 0 and call('LREM', active, 1, id) > 0 then
    local count = redis.pcall('HINCRBY', job, 'stc', 1)
    -- What is no hash is not ours, and goes nowhere.
    if type(count) == 'number' then
      if count > tonumber(ARGV[4]) then
        local scheduler = call('HGET', job, 'rjk')
        local is_scheduled = scheduler and
          (call('EXISTS', KEYS[8] .. ':' .. scheduler) == 1 or call('ZSCORE', KEYS[8], scheduler))
        if not is_scheduled then call('HSET', job, 'defa', 'job stalled more than allowable limit') end
      end
      call('RPUSH', wait, id)
      if not meta[2] and not (meta[3] and call('LLEN', active) >= tonumber(meta[3])) then call('ZADD', KEYS[6], 0, '0') end
      call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'active')
      call('XADD', events, '*', 'event', 'stalled', 'jobId', id)
      recovered[#recovered + 1] = id
    end
  end
end
local present = call('LRANGE', active, 0, -1)
for from = 1, #present, 500 do call('SADD', KEYS[1], unpack(present, from, math.min(from + 499, #present))) end
return recovered
