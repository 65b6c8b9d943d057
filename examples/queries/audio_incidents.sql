-- Where did the audio itself break: clipped, torn by holes of silence, or drowned by noise?
SELECT call_id, kind, channel, count() AS incidents, round(sum(duration_ms)) AS affected_ms, round(max(clipped_share), 3) AS worst_clipped_share,
       sum(holes) AS holes, round(max(level_dbfs), 1) AS loudest_noise_dbfs
FROM earshot.v_incidents
WHERE status = 'final'
GROUP BY call_id, kind, channel
ORDER BY affected_ms DESC, call_id, kind
LIMIT 20
