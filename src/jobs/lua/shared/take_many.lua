-- As take.lua, with commands that move many at once.
-- include admit
while is_open and #taken < wanted + 2 do
  local missing = wanted + 2 - #taken
  local ids = {}
  local last = call('LRANGE', wait, -missing, '-1')
  if last[1] then
    for at = #last, 1, -1 do ids[#ids + 1] = last[at] end
    call('LPUSH', active, unpack(ids))
    call('LTRIM', wait, '0', -#ids - 1)
  else
    ids = call('ZRANGE', prioritized, '0', missing - 1)
    if not ids[1] then
      call('DEL', pc)
      break
    end
    call('LPUSH', active, unpack(ids))
    call('ZREMRANGEBYRANK', prioritized, '0', #ids - 1)
  end
  for _, id in ipairs(ids) do
    -- include start
  end
end
-- include taken
