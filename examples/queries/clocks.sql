-- Whose clocks are off, and by how much?
SELECT clock, basis, count() AS calls, round(median(offset_ms)) AS offset_ms, round(median(drift_ppm)) AS drift_ppm, sum(pairs) AS pairs
FROM earshot.v_clock_offsets
WHERE call_started_at > now() - INTERVAL 1 DAY
GROUP BY clock, basis
ORDER BY abs(offset_ms) DESC;
