-- The contract with analysts: these views keep their columns (docs/sql.md explains each). Milliseconds count from the call's first
-- sample, `ts` is UTC, each thing appears once and in its newest revision, and what was not observed is NULL, never 0.
-- This file holds CREATE OR REPLACE VIEW only; a changed one is simply applied again.

-- A call has up to three rows in earshot.calls (opened, summary, ended). any() skips NULL, so each figure comes from the
-- row that has it; filters on tenant and call_started_at reach the table's key through the grouping.
CREATE OR REPLACE VIEW earshot.v_calls AS
SELECT tenant, call_id, call_started_at,
       if(countIf(part = 'ended') > 0, 'ended', 'live') AS state,
       any(protocol) AS protocol, any(encoding) AS encoding, any(rate_hz) AS rate_hz, any(tap) AS tap,
       any(agent_version) AS agent_version, any(trace_id) AS trace_id, any(labels) AS labels, any(provider_ids) AS provider_ids,
       any(end_reason) AS end_reason, any(error_code) AS error_code, any(error_text) AS error_text,
       any(sample0_at) AS sample0_at, any(duration_samples) / 16 AS duration_ms,
       any(caller_speech_samples) / 16 AS caller_speech_ms, any(agent_speech_samples) / 16 AS agent_speech_ms,
       any(talk_ratio) AS talk_ratio,
       any(overlap_samples) / 16 AS overlap_ms, any(overlap_count) AS overlaps, any(turn_count) AS turns,
       any(interruptions_by_caller) AS interruptions_by_caller, any(yielded_count) AS yielded, any(continued_count) AS continued,
       any(interruptions_by_agent) AS interruptions_by_agent,
       any(backchannel_count) AS backchannels, any(noise_burst_count) AS noise_bursts,
       any(interruption_latency_samples_p50) / 16 AS interruption_latency_ms_p50,
       any(interruption_latency_samples_max) / 16 AS interruption_latency_ms_max,
       any(response_count) AS responses,
       any(response_latency_samples_p50) / 16 AS response_latency_ms_p50,
       any(response_latency_samples_p95) / 16 AS response_latency_ms_p95,
       any(response_latency_samples_max) / 16 AS response_latency_ms_max,
       any(dead_air_samples) / 16 AS dead_air_ms, any(dead_air_count) AS dead_airs,
       any(gap_samples_caller) / 16 AS gap_ms_caller, any(gap_samples_agent) / 16 AS gap_ms_agent,
       any(analysed_samples_caller) / 16 AS analysed_ms_caller, any(analysed_samples_agent) / 16 AS analysed_ms_agent,
       any(clipping_count) AS clippings, any(dropout_count) AS dropouts, any(echo_loss_db) AS echo_loss_db,
       any(gibberish_count) AS gibberishes, any(loop_count) AS loops, any(tone_change_count) AS tone_changes,
       any(intelligibility_caller) AS intelligibility_caller, any(intelligibility_agent) AS intelligibility_agent,
       any(overall_mos_caller) AS overall_mos_caller, any(overall_mos_agent) AS overall_mos_agent,
       any(f0_hz_caller) AS f0_hz_caller, any(f0_hz_agent) AS f0_hz_agent,
       max(definition_version) AS definition_version
FROM earshot.calls FINAL
GROUP BY tenant, call_started_at, call_id;

CREATE OR REPLACE VIEW earshot.v_speech AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, ts, level_dbfs, probability_mean, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'speech';

CREATE OR REPLACE VIEW earshot.v_turns AS
SELECT tenant, call_id, call_started_at, channel, turn_index, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, speech_samples / 16 AS speech_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'turn';

CREATE OR REPLACE VIEW earshot.v_overlaps AS
SELECT tenant, call_id, call_started_at, channel AS started_by, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'overlap';

-- Who took or tried to take the floor: backchannels have a view of their own; turn-end overlaps and noise are in neither.
CREATE OR REPLACE VIEW earshot.v_interruptions AS
SELECT tenant, call_id, call_started_at, channel AS interrupted_by, outcome, start_sample / 16 AS onset_ms,
       if(outcome = 'yielded', end_sample / 16, NULL) AS stop_ms, latency_samples / 16 AS latency_ms,
       latency_unknown, tap, ts, status, definition_version, id
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
       (end_sample - start_sample) / 16 AS duration_ms, level_dbfs, clipped_share, silent_samples / 16 AS silent_ms, holes,
       if(mapContains(measures, 'intelligibility'), measures['intelligibility'], NULL) AS intelligibility,
       if(mapContains(measures, 'period_ms'), measures['period_ms'], NULL) AS period_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind IN ('clipping', 'dropout', 'noise_burst', 'gibberish', 'loop');

-- One row an utterance. A measure that could not be taken is NULL; pitch_unknown says why where pitch could not.
CREATE OR REPLACE VIEW earshot.v_prosody AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms,
       speech_samples / 16 AS speech_ms, level_dbfs,
       if(mapContains(measures, 'level_range_db'), measures['level_range_db'], NULL) AS level_range_db,
       if(mapContains(measures, 'pauses'), measures['pauses'], NULL) AS pauses,
       if(mapContains(measures, 'pause_ms'), measures['pause_ms'], NULL) AS pause_ms,
       if(mapContains(measures, 'voiced_share'), measures['voiced_share'], NULL) AS voiced_share,
       if(mapContains(measures, 'f0_hz'), measures['f0_hz'], NULL) AS f0_hz,
       if(mapContains(measures, 'f0_range_st'), measures['f0_range_st'], NULL) AS f0_range_st,
       if(mapContains(measures, 'f0_slope_st_per_s'), measures['f0_slope_st_per_s'], NULL) AS f0_slope_st_per_s,
       if(mapContains(measures, 'f0_final_st'), measures['f0_final_st'], NULL) AS f0_final_st,
       if(mapContains(measures, 'f0_sd_st'), measures['f0_sd_st'], NULL) AS f0_sd_st,
       if(mapContains(measures, 'monotony'), measures['monotony'], NULL) AS monotony,
       if(mapContains(measures, 'syllables'), measures['syllables'], NULL) AS syllables,
       if(mapContains(measures, 'speaking_rate_per_s'), measures['speaking_rate_per_s'], NULL) AS speaking_rate_per_s,
       if(mapContains(measures, 'articulation_rate_per_s'), measures['articulation_rate_per_s'], NULL) AS articulation_rate_per_s,
       if(mapContains(measures, 'jitter_percent'), measures['jitter_percent'], NULL) AS jitter_percent,
       if(mapContains(measures, 'shimmer_percent'), measures['shimmer_percent'], NULL) AS shimmer_percent,
       if(mapContains(measures, 'harmonicity_db'), measures['harmonicity_db'], NULL) AS harmonicity_db,
       if(mapContains(measures, 'arousal'), measures['arousal'], NULL) AS arousal,
       reason AS pitch_unknown, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'prosody';

CREATE OR REPLACE VIEW earshot.v_tone_changes AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms,
       outcome AS direction, if(mapContains(measures, 'f0_shift_st'), measures['f0_shift_st'], NULL) AS f0_shift_st,
       if(mapContains(measures, 'level_shift_db'), measures['level_shift_db'], NULL) AS level_shift_db,
       if(mapContains(measures, 'rate_shift_per_s'), measures['rate_shift_per_s'], NULL) AS rate_shift_per_s,
       if(mapContains(measures, 'arousal_shift'), measures['arousal_shift'], NULL) AS arousal_shift,
       ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'tone_change';

-- One row a window of 1.28 s with at least half a second of speech in it.
CREATE OR REPLACE VIEW earshot.v_quality AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms,
       speech_samples / 16 AS speech_ms,
       if(mapContains(measures, 'intelligibility'), measures['intelligibility'], NULL) AS intelligibility,
       if(mapContains(measures, 'signal_mos'), measures['signal_mos'], NULL) AS signal_mos,
       if(mapContains(measures, 'background_mos'), measures['background_mos'], NULL) AS background_mos,
       if(mapContains(measures, 'overall_mos'), measures['overall_mos'], NULL) AS overall_mos,
       ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'quality';

-- Speech that models were asked about in vain.
CREATE OR REPLACE VIEW earshot.v_unmeasured AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms,
       splitByChar(',', toString(model)) AS models, reason, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'unmeasured';

-- What added models say, one row a window and output.
CREATE OR REPLACE VIEW earshot.v_model_scores AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms,
       model, output, score, ts, status, definition_version, id
FROM earshot.facts FINAL
ARRAY JOIN mapKeys(measures) AS output, mapValues(measures) AS score
WHERE kind = 'model_score';

CREATE OR REPLACE VIEW earshot.v_echo AS
SELECT tenant, call_id, call_started_at, channel, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms, loss_db,
       delay_samples / 16 AS delay_ms, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'echo';

-- One row a 10 ms frame. Where audio is missing (`gap`) there is nothing to measure: NULL.
CREATE OR REPLACE VIEW earshot.v_frames AS
SELECT f.tenant AS tenant, f.call_id AS call_id, f.call_started_at AS call_started_at, f.channel AS channel,
       f.start_sample / 16 + 10 * place AS media_ms, f.ts + toIntervalMillisecond(10 * place) AS ts,
       if(gap, NULL, cdb / 100) AS level_dbfs, if(gap, NULL, p255 / 255) AS speech_probability,
       bitTest(bits, 5) = 1 AS pitch_measured,
       if(pitch_measured AND f.f0_dhz[place + 1] > 0, f.f0_dhz[place + 1] / 10, NULL) AS f0_hz,
       if(pitch_measured, f.voicing_255[place + 1] / 255, NULL) AS voicing_probability,
       bitTest(bits, 0) = 1 AS speech, bitTest(bits, 1) = 1 AS clipped, bitTest(bits, 2) = 1 AS gap,
       bitTest(bits, 3) = 1 AS silent, bitTest(bits, 4) = 1 AS echo
FROM earshot.frames AS f FINAL
ARRAY JOIN f.level_cdb AS cdb, f.speech_255 AS p255, f.flags AS bits, range(length(f.level_cdb)) AS place;

-- Everything that happened in a call on one clock; a call's order is (media_ms, kind).
CREATE OR REPLACE VIEW earshot.v_timeline AS
SELECT tenant, call_id, call_started_at, start_sample / 16 AS media_ms, end_sample / 16 AS end_ms, ts, kind, channel, outcome, reason,
       latency_samples / 16 AS latency_ms, status, definition_version, id
FROM earshot.facts FINAL WHERE kind != 'summary';
