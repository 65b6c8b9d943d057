-- What did today's calls cost, by provider and model? Requests whose price is not known are counted apart.
SELECT kind, provider, model, count() AS requests, countIf(r.cost_usd IS NULL) AS without_price, round(sum(r.cost_usd), 4) AS cost_usd
FROM earshot.v_requests AS r
WHERE call_started_at > now() - INTERVAL 1 DAY AND kind IN ('llm', 'stt', 'tts', 'embedding')
GROUP BY kind, provider, model
ORDER BY cost_usd DESC NULLS LAST;
