-- Which turns did evaluations like that callers could hardly understand, or the other way round?
SELECT call_id, round(start_ms / 1000, 1) AS at_s, scores, labels, intelligibility, overall_mos, latency_ms, text_verdict
FROM earshot.v_agent_turns
WHERE call_started_at > now() - INTERVAL 7 DAY AND notEmpty(scores)
ORDER BY intelligibility NULLS LAST
LIMIT 20;
