-- What only few calls say: pairs of name and value at the end of ARGV.
local more = {}
for at = plain + 1, #ARGV, 2 do more[ARGV[at]] = ARGV[at + 1] end
local name, own_max, own_duration = more.name or '', more.max, more.duration
