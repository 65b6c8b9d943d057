-- Which part of the wait dominates, by agent version, and how long is it there?
SELECT agent_version, dominant, count() AS responses, round(quantile(0.5)(latency_ms)) AS latency_ms_p50,
       round(quantile(0.95)(latency_ms)) AS latency_ms_p95
FROM earshot.v_response_breakdown
WHERE call_started_at > now() - INTERVAL 7 DAY AND status = 'final'
GROUP BY agent_version, dominant
ORDER BY agent_version, responses DESC;
