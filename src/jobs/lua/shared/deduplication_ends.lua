-- The job owned a deduplication id: it is free now, and what was added meanwhile to be run last is added for real.
local owner, kept = prefix .. 'de:' .. more.deid, prefix .. 'dn:' .. more.deid
local left = call('PTTL', owner)
if left == 0 or (left == -1 and call('GET', owner) == id) then call('DEL', owner) end
local next = call('HMGET', kept, 'name', 'data', 'opts', 'jid', 'pk', 'pd', 'pdk', 'rjk')
if next[3] then
  local number = call('INCR', prefix .. 'id')
  local next_id = next[4] or string.format('%.0f', number)
  local is_readable, opts = pcall(cjson.decode, next[3])
  if not is_readable or type(opts) ~= 'table' then opts = {} end
  local how = type(opts.de) == 'table' and opts.de or {}
  local ttl = tonumber(how.ttl) or 0
  if ttl > 0 and not how.keepLastIfActive then call('SET', owner, next_id, 'PX', ttl) else call('SET', owner, next_id) end
  local delay, priority = tonumber(opts.delay) or 0, tonumber(opts.priority) or 0
  local fields = {'name', next[1], 'data', next[2], 'opts', next[3], 'timestamp', now, 'delay', delay, 'priority', priority,
    'deid', more.deid}
  for at, name in pairs({[5] = 'parentKey', [6] = 'parent', [8] = 'rjk'}) do
    if next[at] then
      fields[#fields + 1] = name
      fields[#fields + 1] = next[at]
    end
  end
  call('HSET', prefix .. next_id, unpack(fields))
  call('XADD', events, '*', 'event', 'added', 'jobId', next_id, 'name', next[1])
  -- include enqueue
  enqueue(next_id, now, delay, priority, opts.lifo and 'RPUSH' or 'LPUSH')
  if next[7] then call('SADD', next[7], prefix .. next_id) end
  call('DEL', kept)
end
