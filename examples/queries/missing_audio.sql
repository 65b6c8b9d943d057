-- Where is audio missing, and why?
SELECT call_id, channel, reason, count() AS gaps, round(sum(duration_ms)) AS missing_ms
FROM earshot.v_gaps
WHERE status = 'final'
GROUP BY call_id, channel, reason
ORDER BY missing_ms DESC
LIMIT 20
