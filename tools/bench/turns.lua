-- Sends the requests of a file in rotation. Each line has method, path, authorization and body, separated by tabs.
dofile(debug.getinfo(1).source:match("@?(.*/)") .. "report.lua")

local requests = {}
local turn = 0

init = function(args)
  for line in io.lines(args[1]) do
    local method, path, authorization, body = line:match("([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)")
    local headers = { ["Content-Type"] = "application/json" }
    for name, value in pairs(wrk.headers) do headers[name] = value end
    if authorization ~= "" then headers["Authorization"] = authorization end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
  turn = math.random(#requests)
end

request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
