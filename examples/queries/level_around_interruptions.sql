-- How loud were both sides in the half second after each barge-in, and did the agent really fall silent?
SELECT i.call_id AS call_id, round(i.onset_ms) AS onset_ms, i.outcome AS outcome, i.latency_ms AS latency_ms,
       round(avgIf(f.level_dbfs, f.channel = 'caller'), 1) AS caller_dbfs,
       round(avgIf(f.level_dbfs, f.channel = 'agent'), 1) AS agent_dbfs
FROM earshot.v_interruptions AS i
JOIN earshot.v_frames AS f ON f.tenant = i.tenant AND f.call_id = i.call_id
WHERE i.status = 'final' AND i.interrupted_by = 'caller' AND f.media_ms >= i.onset_ms AND f.media_ms < i.onset_ms + 500
GROUP BY call_id, onset_ms, outcome, latency_ms
ORDER BY call_id, onset_ms
