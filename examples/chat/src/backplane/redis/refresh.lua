-- KEYS: members. ARGV: node, how long without a confirmation (ms), channel, users.
local time = now()
for i = 4, #ARGV do
  enter(KEYS[1], ARGV[i], ARGV[1], time, time + ARGV[2], ARGV[3])
end
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2])
local found = redis.call('HGETALL', KEYS[1])
for i = 1, #found, 2 do
  if not alive(cjson.decode(found[i + 1]), time) then
    redis.call('HDEL', KEYS[1], found[i])
    tell(ARGV[3], found[i], 'offline')
  end
end
