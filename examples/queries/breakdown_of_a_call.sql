-- Where did each wait of the demo call come from, and what did the framework say it was?
SELECT round(caller_end_ms / 1000, 1) AS at_s, latency_ms, reported_latency_ms, end_of_turn_ms, stt_ms, retrieval_ms, tool_ms, llm_ms,
       tts_ms, playout_ms, unattributed_ms, dominant
FROM earshot.v_response_breakdown
WHERE call_id = 'demo-call'
ORDER BY caller_end_ms;
