-- Which callers spoke up and were talked over: barge-ins that the agent spoke on through, by agent version?
SELECT c.agent_version AS agent_version, i.call_id AS call_id, countIf(i.outcome = 'continued') AS ignored, count() AS barge_ins,
       round(ignored / barge_ins, 2) AS ignored_share
FROM earshot.v_interruptions AS i
JOIN earshot.v_calls AS c ON c.tenant = i.tenant AND c.call_id = i.call_id
WHERE i.interrupted_by = 'caller' AND i.status = 'final' AND i.outcome IN ('yielded', 'continued')
GROUP BY agent_version, call_id
HAVING ignored > 0
ORDER BY ignored DESC, call_id
LIMIT 20
