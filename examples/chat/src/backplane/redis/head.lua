-- KEYS: stream, meta. ARGV: new epoch, known epoch, known offset.
local epoch, base, top = head(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3])
return { epoch, base, top }
