-- Which barge-ins of the last day were worst: ignored, or answered slowest?
SELECT call_id, ts, outcome, latency_ms
FROM earshot.v_interruptions
WHERE ts > now() - INTERVAL 1 DAY AND interrupted_by = 'caller' AND status = 'final'
ORDER BY outcome = 'continued' DESC, latency_ms DESC
LIMIT 20
