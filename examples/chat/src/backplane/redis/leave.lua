-- KEYS: members. ARGV: user, node, channel.
local found = redis.call('HGET', KEYS[1], ARGV[1])
if not found then return end
local nodes = cjson.decode(found)
nodes[ARGV[2]] = nil
if alive(nodes, now()) then
  redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(nodes))
else
  redis.call('HDEL', KEYS[1], ARGV[1])
  tell(ARGV[3], ARGV[1], 'offline')
end
