-- In which calls was most time lost to dead air, and whose turn was it?
SELECT call_id, owed_by, count() AS stretches, round(sum(duration_ms) / 1000, 1) AS seconds, max(duration_ms) AS longest_ms
FROM earshot.v_dead_air
WHERE status = 'final'
GROUP BY call_id, owed_by
ORDER BY seconds DESC
LIMIT 20
