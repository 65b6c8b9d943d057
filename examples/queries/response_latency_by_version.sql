-- How does response latency differ between agent versions, hour by hour? Few responses (n) make weak percentiles.
SELECT c.agent_version AS agent_version, toStartOfHour(r.ts) AS hour, count() AS n,
       quantile(0.5)(r.latency_ms) AS p50_ms, quantile(0.95)(r.latency_ms) AS p95_ms
FROM earshot.v_responses AS r
JOIN earshot.v_calls AS c ON c.tenant = r.tenant AND c.call_id = r.call_id
WHERE r.status = 'final'
GROUP BY agent_version, hour
ORDER BY agent_version, hour
