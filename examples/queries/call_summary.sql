-- What does the newest calls' summary say?
SELECT call_id, agent_version, round(duration_ms / 1000, 1) AS seconds, talk_ratio, responses, response_latency_ms_p50,
       yielded, continued, interruption_latency_ms_p50, backchannels, dead_air_ms
FROM earshot.v_calls
WHERE state = 'ended'
ORDER BY call_started_at DESC
LIMIT 10
