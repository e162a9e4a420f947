-- Adds jobs that are delayed or have a priority, as add.lua does.
-- KEYS id, meta, prioritized, pc, delayed, active, marker, events
-- ARGV prefix, most events; then for each job: its id or '', name, data, opts, timestamp, delay, priority
local call, prefix, events, delayed = redis.call, ARGV[1], KEYS[8], KEYS[5]
local count = (#ARGV - 2) / 7
local meta = call('HMGET', KEYS[2], 'opts.maxLenEvents', 'paused', 'concurrency')
local number = call('INCRBY', KEYS[1], count) - count
local most = meta[1]
if not most then
  most = ARGV[2]
  call('HSET', KEYS[2], 'opts.maxLenEvents', most)
end
-- include delayed_score
local answers, has_delayed, has_ready = {}, false, false
for at = 3, #ARGV, 7 do
  number = number + 1
  local id = ARGV[at]
  local is_new = true
  if id == '' then
    id = string.format('%.0f', number)
  elseif call('EXISTS', prefix .. id) == 1 then
    is_new = false
    call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'duplicated', 'jobId', id)
  end
  local answer = id
  if is_new then
    local delay, priority = ARGV[at + 5], ARGV[at + 6]
    local stored = redis.pcall('HSET', prefix .. id, 'name', ARGV[at + 1], 'data', ARGV[at + 2], 'opts', ARGV[at + 3],
      'timestamp', ARGV[at + 4], 'delay', delay, 'priority', priority)
    if type(stored) == 'table' then
      answer = stored
    else
      call('XADD', events, '*', 'event', 'added', 'jobId', id, 'name', ARGV[at + 1])
      if delay ~= '0' then
        local due = ARGV[at + 4] + delay
        call('ZADD', delayed, delayed_score(due), id)
        call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'delayed', 'jobId', id, 'delay', due)
        has_delayed = true
      else
        call('ZADD', KEYS[3], priority * 4294967296 + call('INCR', KEYS[4]) % 4294967296, id)
        call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'waiting', 'jobId', id)
        has_ready = true
      end
    end
  end
  answers[#answers + 1] = answer
end
if has_delayed then call('ZADD', KEYS[7], math.floor(call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] / 4096), '1') end
if has_ready and not meta[2] and not (meta[3] and call('LLEN', KEYS[6]) >= tonumber(meta[3])) then
  call('ZADD', KEYS[7], 0, '0')
end
return answers
