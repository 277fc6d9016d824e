-- The load of wrk: one request, given as the bytes of a file, again and again.

local raw

function init(args)
  local file = io.open(args[1], "rb")
  raw = file:read("*a")
  file:close()
end

function request()
  return raw
end

function done(summary)
  local errors = summary.errors
  local failures = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("counted: %d %d %d\n", summary.requests, summary.duration, failures))
end
