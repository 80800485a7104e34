-- What the scripts share.

-- Returns the time in milliseconds since 1970: one clock for all nodes.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Returns epoch, base and top of a topic. Begins a new epoch if there is none, or if a node has read
-- messages that are not there any more, as after a failover to a replica that was behind.
local function head(stream, meta, new_epoch, known_epoch, known_offset)
  local found = redis.call('HMGET', meta, 'epoch', 'base', 'top')
  local epoch, base, top = found[1], tonumber(found[2] or 0), tonumber(found[3] or 0)
  if not epoch then
    redis.call('DEL', stream)
    epoch, base, top = new_epoch, 0, 0
    redis.call('HSET', meta, 'epoch', epoch, 'base', base, 'top', top)
    return epoch, base, top, true
  end
  if epoch == known_epoch and top < tonumber(known_offset) then
    epoch, base = new_epoch, top
    redis.call('HSET', meta, 'epoch', epoch, 'base', base)
  end
  return epoch, base, top, false
end

-- Returns whether a user is on any node, without those that have not confirmed it in time.
local function alive(nodes, time)
  local is_alive = false
  for node, till in pairs(nodes) do
    if till > time then is_alive = true else nodes[node] = nil end
  end
  return is_alive
end

local function tell(channel, user, status)
  redis.call('PUBLISH', channel, cjson.encode({ presence = { user = user, status = status } }))
end

-- Notes that a user is on a node until some time.
local function enter(members, user, node, time, till, channel)
  local nodes = cjson.decode(redis.call('HGET', members, user) or '{}')
  local was_there = alive(nodes, time)
  nodes[node] = till
  redis.call('HSET', members, user, cjson.encode(nodes))
  if not was_there then tell(channel, user, 'online') end
end

