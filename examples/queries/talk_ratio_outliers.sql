-- In which calls did one side do nearly all the talking?
SELECT call_id, agent_version, round(talk_ratio, 2) AS talk_ratio, round(agent_speech_ms / 1000, 1) AS agent_s,
       round(caller_speech_ms / 1000, 1) AS caller_s
FROM earshot.v_calls
WHERE state = 'ended' AND (talk_ratio < 0.3 OR talk_ratio > 0.7) AND agent_speech_ms + caller_speech_ms > 5000
ORDER BY abs(talk_ratio - 0.5) DESC
LIMIT 20
