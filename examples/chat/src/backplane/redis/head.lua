-- KEYS: stream, meta. ARGV: new epoch, known epoch, known offset, how long it is kept (ms).
local epoch, base, top = head(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return { epoch, base, top }
