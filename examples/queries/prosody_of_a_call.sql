-- How did each side sound in this call, utterance by utterance?
SELECT round(start_ms) AS start_ms, channel, round(speech_ms) AS speech_ms, round(f0_hz) AS f0_hz,
       round(f0_final_st, 1) AS f0_final_st, round(speaking_rate_per_s, 1) AS syllables_per_s, level_dbfs, pauses,
       round(arousal, 2) AS arousal
FROM earshot.v_prosody
WHERE call_id = 'demo-call'
ORDER BY start_ms
