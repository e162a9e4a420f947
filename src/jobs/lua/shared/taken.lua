-- Wakes another worker where there was work; see take.lua.
if taken[3] then
  call('ZADD', marker, '0', '0')
elseif is_open and earliest[2] then
  taken[2] = math.floor(earliest[2] / 4096)
end
