-- KEYS: members. ARGV: user, node, how long without a confirmation (ms), channel. Returns the users who are there.
local time = now()
enter(KEYS[1], ARGV[1], ARGV[2], time, time + ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[3])
local found, online = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #found, 2 do
  if alive(cjson.decode(found[i + 1]), time) then table.insert(online, found[i]) end
end
return online
