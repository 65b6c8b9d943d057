-- How long did the caller wait for each answer in this call?
SELECT round(caller_end_ms) AS caller_end_ms, round(agent_start_ms) AS agent_start_ms, latency_ms, tap
FROM earshot.v_responses
WHERE call_id = 'demo-call'
ORDER BY caller_end_ms
