-- Which requests ran during the slowest waits of today?
SELECT b.call_id, round(b.caller_end_ms / 1000, 1) AS at_s, b.latency_ms, b.dominant, r.kind, r.model, r.tool,
       round(r.start_ms - b.caller_end_ms) AS after_ms, round(r.duration_ms) AS took_ms, r.time_to_first_ms, r.cost_usd
FROM earshot.v_response_breakdown AS b
INNER JOIN earshot.v_requests AS r ON r.tenant = b.tenant AND r.call_id = b.call_id
WHERE b.call_started_at > now() - INTERVAL 1 DAY AND NOT r.cancelled
  AND r.kind IN ('llm', 'stt', 'tts', 'tool', 'retrieval') AND r.start_ms BETWEEN b.caller_end_ms - 500 AND b.agent_start_ms
ORDER BY b.latency_ms DESC, b.call_id, r.start_ms
LIMIT 50;
