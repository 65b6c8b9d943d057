-- What happened in this call, in order: heard, reported, traced and judged?
SELECT round(media_ms) AS media_ms, round(end_ms) AS end_ms, origin, kind, channel, outcome, latency_ms, source
FROM earshot.v_timeline
WHERE call_id = 'demo-call' AND status = 'final'
ORDER BY media_ms, kind
