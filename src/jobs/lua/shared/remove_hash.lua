-- A job's hash and what belongs to it, once it is in no list any more; a parent that waits for it waits no more.
-- Wants: call, prefix, now. `frees`: also its deduplication id, where it owns that.
-- include move_parent
local function remove_hash(job_id, frees)
  local key = prefix .. job_id
  local its = call('HMGET', key, 'parentKey', 'deid')
  local parent = its[1]
  if parent and parent ~= '' and call('SREM', parent .. ':dependencies', key) == 1 and
      call('EXISTS', parent .. ':dependencies') == 0 then
    local queue, parent_id = string.match(parent, '^(.*):([^:]*)$')
    if queue then move_parent(queue, parent, parent_id, queue .. ':waiting-children') end
  end
  if frees and its[2] and call('GET', prefix .. 'de:' .. its[2]) == job_id then
    call('DEL', prefix .. 'de:' .. its[2], prefix .. 'dn:' .. its[2])
  end
  return call('DEL', key, key .. ':logs', key .. ':dependencies', key .. ':processed', key .. ':failed', key .. ':unsuccessful')
end
