-- Adds jobs that may run at once: one after the other, as if each came alone.
-- KEYS id, meta, wait, active, marker, events
-- ARGV prefix, LPUSH or RPUSH, most events; then for each job: its id or '', name, data, opts, timestamp
-- Answers for each job its id, or what the server said against it.
local call, prefix, events = redis.call, ARGV[1], KEYS[6]
local count = (#ARGV - 3) / 5
local meta = call('HMGET', KEYS[2], 'opts.maxLenEvents', 'paused', 'concurrency')
-- The first write is one that a full server refuses: then nothing is done.
local number = call('INCRBY', KEYS[1], count) - count
local most = meta[1]
if not most then
  most = ARGV[3]
  call('HSET', KEYS[2], 'opts.maxLenEvents', most)
end
local answers, fresh = {}, {}
for at = 4, #ARGV, 5 do
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
    local stored = redis.pcall('HSET', prefix .. id, 'name', ARGV[at + 1], 'data', ARGV[at + 2], 'opts', ARGV[at + 3],
      'timestamp', ARGV[at + 4], 'delay', '0', 'priority', '0')
    if type(stored) == 'table' then
      answer = stored
    else
      call('XADD', events, '*', 'event', 'added', 'jobId', id, 'name', ARGV[at + 1])
      call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'waiting', 'jobId', id)
      fresh[#fresh + 1] = id
    end
  end
  answers[#answers + 1] = answer
end
if fresh[1] then
  call(ARGV[2], KEYS[3], unpack(fresh))
  if not meta[2] and not (meta[3] and call('LLEN', KEYS[4]) >= tonumber(meta[3])) then call('ZADD', KEYS[5], '0', '0') end
end
return answers
