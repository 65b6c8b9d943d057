-- Where was the caller hardest to understand? The windows with the lowest intelligibility, and the quality beside it.
SELECT call_id, start_ms, end_ms, round(intelligibility, 2) AS understandable, round(overall_mos, 1) AS quality_mos
FROM earshot.v_quality
WHERE channel = 'caller'
ORDER BY intelligibility
LIMIT 20;
