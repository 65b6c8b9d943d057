-- The contract with analysts: these views keep their columns. Milliseconds count from the call's first sample; `ts` is UTC;
-- each thing appears once, in its newest revision; what was not observed is NULL.

CREATE OR REPLACE VIEW earshot.v_speech AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, ts, level_dbfs, probability, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'speech';

CREATE OR REPLACE VIEW earshot.v_turns AS
SELECT tenant, call_id, call_started_at, channel, ordinal AS turn_index, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       amount / 16 AS speech_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'turn';

CREATE OR REPLACE VIEW earshot.v_overlaps AS
SELECT tenant, call_id, call_started_at, channel AS started_by, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'overlap';

CREATE OR REPLACE VIEW earshot.v_interruptions AS
SELECT tenant, call_id, call_started_at, channel AS interrupted_by, outcome, start_sample / 16 AS onset_ms,
       if(outcome = 'yielded', end_sample / 16, NULL) AS stop_ms, latency_samples / 16 AS latency_ms,
       reason AS latency_unknown, tap, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'interruption' AND outcome IN ('yielded', 'continued', 'pending', 'inconclusive');

CREATE OR REPLACE VIEW earshot.v_backchannels AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS onset_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'interruption' AND outcome = 'backchannel';

CREATE OR REPLACE VIEW earshot.v_responses AS
SELECT tenant, call_id, call_started_at, start_sample / 16 AS caller_end_ms, end_sample / 16 AS agent_start_ms,
       latency_samples / 16 AS latency_ms, tap, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'response';

CREATE OR REPLACE VIEW earshot.v_dead_air AS
SELECT tenant, call_id, call_started_at, channel AS owed_by, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'dead_air';

CREATE OR REPLACE VIEW earshot.v_gaps AS
SELECT tenant, call_id, call_started_at, channel, reason, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'gap';

CREATE OR REPLACE VIEW earshot.v_incidents AS
SELECT tenant, call_id, call_started_at, kind, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, level_dbfs,
       if(kind = 'clipping', amount, NULL) AS clipped_share,
       if(kind = 'dropout', amount / 16, NULL) AS silent_ms, if(kind = 'dropout', ordinal, NULL) AS holes,
       ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind IN ('clipping', 'dropout', 'noise_burst');

CREATE OR REPLACE VIEW earshot.v_echo AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms, loss_db,
       latency_samples / 16 AS delay_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'echo';

CREATE OR REPLACE VIEW earshot.v_calls AS
SELECT c.tenant AS tenant, c.call_id AS call_id, c.call_started_at AS call_started_at, c.protocol AS protocol, c.encoding AS encoding,
       c.rate_hz AS rate_hz, c.tap AS tap, c.agent_version AS agent_version, c.trace_id AS trace_id, c.labels AS labels, c.provider_ids AS provider_ids,
       if(e.ended, 'ended', 'live') AS state, if(e.ended, e.end_reason, NULL) AS end_reason,
       if(e.ended, e.error_code, NULL) AS error_code, if(e.ended, e.error_text, NULL) AS error_text,
       if(e.ended, e.end_sample / 16, NULL) AS duration_ms,
       s.metrics['caller_speech_ms'] AS caller_speech_ms, s.metrics['agent_speech_ms'] AS agent_speech_ms, s.metrics['talk_ratio'] AS talk_ratio,
       s.metrics['overlap_ms'] AS overlap_ms, s.metrics['overlaps'] AS overlaps, s.metrics['turns'] AS turns,
       s.metrics['interruptions_by_caller'] AS interruptions_by_caller, s.metrics['yielded'] AS yielded, s.metrics['continued'] AS continued,
       s.metrics['interruptions_by_agent'] AS interruptions_by_agent, s.metrics['backchannels'] AS backchannels,
       s.metrics['noise_bursts'] AS noise_bursts,
       s.metrics['interruption_latency_ms_p50'] AS interruption_latency_ms_p50, s.metrics['interruption_latency_ms_max'] AS interruption_latency_ms_max,
       s.metrics['responses'] AS responses, s.metrics['response_latency_ms_p50'] AS response_latency_ms_p50,
       s.metrics['response_latency_ms_p95'] AS response_latency_ms_p95, s.metrics['response_latency_ms_max'] AS response_latency_ms_max,
       s.metrics['dead_air_ms'] AS dead_air_ms, s.metrics['dead_airs'] AS dead_airs,
       s.metrics['gap_ms_caller'] AS gap_ms_caller, s.metrics['gap_ms_agent'] AS gap_ms_agent,
       s.metrics['clippings'] AS clippings, s.metrics['dropouts'] AS dropouts, s.metrics['echo_loss_db'] AS echo_loss_db
FROM earshot.calls AS c FINAL
LEFT JOIN (SELECT tenant, call_id, metrics FROM earshot.facts FINAL WHERE kind = 'summary') AS s
    ON s.tenant = c.tenant AND s.call_id = c.call_id
LEFT JOIN (SELECT tenant, call_id, true AS ended, outcome AS end_reason, reason AS error_code, text AS error_text, start_sample AS end_sample
           FROM earshot.facts FINAL WHERE kind = 'call_ended') AS e
    ON e.tenant = c.tenant AND e.call_id = c.call_id;

CREATE OR REPLACE VIEW earshot.v_frames AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 + (i - 1) * 10 AS media_ms,
       ts + toIntervalMillisecond((i - 1) * 10) AS frame_ts, cdb / 100 AS level_dbfs, p / 255 AS speech_probability,
       bitTest(f, 0) AS speech, bitTest(f, 1) AS clipped, bitTest(f, 2) AS gap, bitTest(f, 3) AS silent, bitTest(f, 4) AS echo
FROM earshot.frames FINAL ARRAY JOIN level_cdb AS cdb, speech_255 AS p, flags AS f, arrayEnumerate(level_cdb) AS i;

-- Everything that happened in a call on one clock; spans, STT and TTS events join it as they are taken in.
CREATE OR REPLACE VIEW earshot.v_timeline AS
SELECT tenant, call_id, call_started_at, start_sample / 16 AS media_ms, end_sample / 16 AS end_ms, ts, kind, channel, outcome,
       latency_samples / 16 AS latency_ms, status, id
FROM earshot.facts FINAL WHERE kind != 'summary';
