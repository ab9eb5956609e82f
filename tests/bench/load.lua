-- What wrk asks for: the paths in the file PATHS, at random. With a single one wrk needs no script per request.
local paths = {}
for path in io.lines(os.getenv("PATHS")) do
    paths[#paths + 1] = path
end

if #paths == 1 then
    wrk.path = paths[1]
else
    local requests = {}

    function init()
        -- Each thread has its own address space, and so its own order.
        math.randomseed(tonumber(tostring(requests):match("0x(%x+)"), 16) % 2147483647)
        for number, path in ipairs(paths) do
            requests[number] = wrk.format("GET", path)
        end
    end

    function request()
        return requests[math.random(#requests)]
    end
end

-- Times in microseconds.
function done(summary, latency)
    local errors = summary.errors
    print(string.format(
        '\n{"requests":%d,"duration":%d,"p50":%d,"p99":%d,"refused":%d,"failed":%d}',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
        errors.connect + errors.read + errors.write + errors.timeout
    ))
end
