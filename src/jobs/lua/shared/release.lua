-- The job leaves `active`, if the lock is this worker's: checks first, so that a refusal has changed nothing. A full server
-- refuses only what is the first write of a script, and LREM it never refuses: so an outcome can always be written.
local holder = call('GET', lock)
if holder ~= token then return holder and -6 or -2 end
if call('LREM', active, '-1', id) == 0 then return -3 end
call('DEL', lock)
call('SREM', stalled, id)
