-- Which interruptions were there in this call, and how long did the agent take to fall silent?
SELECT round(onset_ms) AS onset_ms, interrupted_by, outcome, latency_ms, latency_unknown
FROM earshot.v_interruptions
WHERE call_id = 'demo-call' AND status = 'final'
ORDER BY onset_ms
