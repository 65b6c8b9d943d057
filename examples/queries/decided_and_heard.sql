-- The framework says that it stopped at once; how long did the caller hear the agent speak on?
SELECT call_id, round(onset_ms / 1000, 1) AS at_s, detection_ms, flush_ms, latency_ms, speech_after_decision_ms, told_by
FROM earshot.v_interruption_breakdown
WHERE call_started_at > now() - INTERVAL 1 DAY AND detection_ms IS NOT NULL
ORDER BY flush_ms DESC NULLS LAST
LIMIT 20;
