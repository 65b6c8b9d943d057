-- Whose tone changed, and how? Utterances that depart from how their speaker spoke before, with what was said of them.
SELECT t.call_id AS call_id, t.channel AS channel, t.start_ms AS start_ms, t.direction AS direction, t.f0_shift_st AS f0_shift_st,
       t.level_shift_db AS level_shift_db, t.rate_shift_per_s AS rate_shift_per_s, t.arousal_shift AS arousal_shift,
       p.f0_hz AS f0_hz, p.speaking_rate_per_s AS speaking_rate_per_s
FROM earshot.v_tone_changes AS t
INNER JOIN earshot.v_prosody AS p ON p.call_id = t.call_id AND p.channel = t.channel AND p.start_ms = t.start_ms
ORDER BY call_id, start_ms
LIMIT 50;
