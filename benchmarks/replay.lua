-- Replays lines FROM..TO of a file of signed requests, each once before any is repeated; prints its figures as JSON.
local requests = {}
local position = 0

function init(args)
    local from, to, line_number = tonumber(args[2]), tonumber(args[3]), 0
    for line in io.lines(args[1]) do
        line_number = line_number + 1
        if line_number > to then break end
        if line_number > from then
            local id, at, signature, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
            requests[#requests + 1] = wrk.format("POST", "/in/bench", {
                ["content-type"] = "application/json",
                ["webhook-id"] = id,
                ["webhook-timestamp"] = at,
                ["webhook-signature"] = signature,
            }, body)
        end
    end
end

function request()
    position = position + 1
    if position > #requests then position = 1 end
    return requests[position]
end

function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "duration_s": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "lost": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
