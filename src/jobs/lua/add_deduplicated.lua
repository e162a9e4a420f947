-- Adds one job that has a deduplication id, or returns the id of the one that is there.
-- KEYS id, meta, delayed, active, events, de, dn, and of the queue what enqueue names by the prefix
-- ARGV prefix, most events, id or '', name, data, opts, timestamp, delay, priority, LPUSH or RPUSH,
--      deduplication id, ttl or 0, then flags: extend, replace, keep last if active (1 or 0 each)
local call, prefix, events = redis.call, ARGV[1], KEYS[5]
local owner, kept = KEYS[6], KEYS[7]
local number = call('INCR', KEYS[1])
local most = call('HGET', KEYS[2], 'opts.maxLenEvents')
if not most then
  most = ARGV[2]
  call('HSET', KEYS[2], 'opts.maxLenEvents', most)
end
local id = ARGV[3]
if id == '' then
  id = string.format('%.0f', number)
elseif call('EXISTS', prefix .. id) == 1 then
  call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'duplicated', 'jobId', id)
  return id
end
local name, data, opts, deduplication = ARGV[4], ARGV[5], ARGV[6], ARGV[11]
local ttl, extend, replace, keep = tonumber(ARGV[12]), ARGV[13] == '1', ARGV[14] == '1', ARGV[15] == '1'

local function own(job)
  if ttl > 0 and not keep then call('SET', owner, job, 'PX', ttl) else call('SET', owner, job) end
end

local present = call('GET', owner)
if not present then
  own(id)
elseif replace and call('ZREM', KEYS[3], present) > 0 then
  -- A delayed one makes place for this one.
  local job = prefix .. present
  call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful', kept)
  call('XADD', events, '*', 'event', 'removed', 'jobId', present, 'prev', 'delayed')
  call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'deduplicated', 'jobId', id, 'deduplicationId', deduplication,
    'deduplicatedJobId', present)
  if ttl > 0 and not extend and not keep then call('SET', owner, id, 'KEEPTTL') else own(id) end
elseif call('PTTL', owner) == -1 and call('EXISTS', prefix .. present) == 0 then
  -- Its job is gone without having finished: a stale owner.
  call('DEL', kept)
  own(id)
else
  if keep and call('LPOS', KEYS[4], present) then
    -- Whoever finishes the active job adds this one then; until then the owner must not expire.
    call('DEL', kept)
    call('HSET', kept, 'name', name, 'data', data, 'opts', opts, 'jid', id)
    call('PERSIST', owner)
  elseif replace then
    return present
  elseif extend and ttl > 0 then
    own(present)
  end
  call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'deduplicated', 'jobId', present, 'deduplicationId', deduplication,
    'deduplicatedJobId', id)
  return present
end
call('HSET', prefix .. id, 'name', name, 'data', data, 'opts', opts, 'timestamp', ARGV[7], 'delay', ARGV[8],
  'priority', ARGV[9], 'deid', deduplication)
call('XADD', events, '*', 'event', 'added', 'jobId', id, 'name', name)
-- include enqueue
enqueue(id, tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10])
return id
