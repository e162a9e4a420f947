-- Older finished jobs than are to be kept go. Wants: call, target, now, count, more.
local old = {}
if more.age then
  local limit = tonumber(more.limit or 1000)
  old = call('ZREVRANGEBYSCORE', target, now - more.age * 1000, '-inf', 'LIMIT', 0, limit)
  for from = 1, #old, 500 do call('ZREM', target, unpack(old, from, math.min(from + 499, #old))) end
end
if count ~= '' then
  local beyond = call('ZREVRANGE', target, count, -1)
  if beyond[1] then call('ZREMRANGEBYRANK', target, 0, -count - 1) end
  for _, each in ipairs(beyond) do old[#old + 1] = each end
end
if old[1] then
  -- include remove_hash
  for _, each in ipairs(old) do remove_hash(each, false) end
end
