-- What did agents mean to say that the caller never heard, and where does audio not fit its text?
SELECT call_id, round(start_ms / 1000, 1) AS at_s, verdict, is_cut, generated_words, heard_words, words_per_minute
FROM earshot.v_agent_text
WHERE call_started_at > now() - INTERVAL 1 DAY AND (is_cut OR verdict NOT IN ('fits', 'unknown'))
ORDER BY call_started_at DESC, start_ms
LIMIT 50;
