-- KEYS: stream, meta, key of the post. ARGV: new epoch, known epoch, known offset, the post, channel,
-- how many posts are kept, how long they are (ms), how long the key is (ms).
local epoch, _, _, is_new = head(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3])
local seen = not is_new and redis.call('GET', KEYS[3])
if seen then
  local offset, ts = seen:match('^(%d+):(%d+)$')
  return { epoch, tonumber(offset), tonumber(ts), 1 }
end
local ts = now()
local offset = redis.call('HINCRBY', KEYS[2], 'top', 1)
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[6], offset .. '-0', 'post', ARGV[4], 'ts', ts)
redis.call('SET', KEYS[3], string.format('%d:%d', offset, ts), 'PX', ARGV[8])
-- Each post removes at most two that are too old, so none waits long, and no call takes long.
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 2)) do
  if (tonumber(entry[2][4]) or 0) < ts - ARGV[7] then redis.call('XDEL', KEYS[1], entry[1]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
redis.call('PUBLISH', ARGV[5], 'stored')
return { epoch, offset, ts, 0 }
