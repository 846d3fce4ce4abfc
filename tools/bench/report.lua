-- Prints the results of wrk as one line of JSON; latencies in milliseconds.
done = function(summary, latency)
  io.write(string.format('{"requests":%d,"seconds":%.3f,"p95_ms":%.1f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(95) / 1e3,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
