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

-- What services and frameworks report, in its place. told_at is the time as its source told it, correction_ms what was subtracted.
CREATE OR REPLACE VIEW earshot.v_events AS
SELECT tenant, call_id, call_started_at, type, role, source, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms, ts,
       occurred_at AS told_at, clock, correction_ms, placed_by, received_at, text, confidence, turn_id, segment_id, request_id,
       provider, model, voice, trace_id, span_id, cancelled, metrics, attributes, id
FROM earshot.call_events FINAL;

-- Spans as they were read, whichever convention they were written in: one row a span that belongs to a call.
CREATE OR REPLACE VIEW earshot.v_requests AS
SELECT tenant, call_id, call_started_at, kind, name, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms, duration_ms, ts,
       started_at AS told_at, clock, correction_ms, placed_by, service_name, provider, model, voice, tool, role,
       time_to_first_ms, input_tokens, output_tokens, cached_tokens, input_audio_tokens, output_audio_tokens, characters, audio_ms,
       cost_usd, cancelled, failed, error_type, turn_id, trace_id, span_id, parent_span_id, metrics
FROM earshot.call_requests FINAL;

CREATE OR REPLACE VIEW earshot.v_scores AS
SELECT tenant, call_id, call_started_at, name, value AS score, label, explanation, source, turn_index,
       start_sample / 16 AS start_ms, end_sample / 16 AS end_ms, ts, turn_id, trace_id, span_id, received_at, id
FROM earshot.call_scores FINAL;

-- How far each reporter's clock is off, in each call.
CREATE OR REPLACE VIEW earshot.v_clock_offsets AS
SELECT tenant, call_id, call_started_at, details['clock'] AS clock, reason AS basis,
       measures['offset_ms'] AS offset_ms, measures['drift_ppm'] AS drift_ppm, toUInt32(measures['pairs']) AS pairs,
       if(mapContains(measures, 'matched_share'), measures['matched_share'], NULL) AS matched_share,
       if(mapContains(measures, 'spread_ms'), measures['spread_ms'], NULL) AS spread_ms,
       ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'clock_offset';

-- Where each wait came from. The parts and unattributed_ms add up to latency_ms; a part that is not known is NULL, and the
-- column of its name with _unknown says why.
CREATE OR REPLACE VIEW earshot.v_response_breakdown AS
SELECT f.tenant AS tenant, f.call_id AS call_id, f.call_started_at AS call_started_at, c.agent_version AS agent_version,
       f.start_sample / 16 AS caller_end_ms, f.end_sample / 16 AS agent_start_ms, f.latency_samples / 16 AS latency_ms,
       if(mapContains(m, 'reported_latency_ms'), m['reported_latency_ms'], NULL) AS reported_latency_ms,
       outcome AS dominant,
       if(mapContains(m, 'end_of_turn_ms'), m['end_of_turn_ms'], NULL) AS end_of_turn_ms,
       if(mapContains(m, 'stt_ms'), m['stt_ms'], NULL) AS stt_ms,
       if(mapContains(m, 'retrieval_ms'), m['retrieval_ms'], NULL) AS retrieval_ms,
       if(mapContains(m, 'tool_ms'), m['tool_ms'], NULL) AS tool_ms,
       if(mapContains(m, 'llm_ms'), m['llm_ms'], NULL) AS llm_ms,
       if(mapContains(m, 'tts_ms'), m['tts_ms'], NULL) AS tts_ms,
       if(mapContains(m, 'playout_ms'), m['playout_ms'], NULL) AS playout_ms,
       m['unattributed_ms'] AS unattributed_ms,
       d['end_of_turn_unknown'] AS end_of_turn_unknown, d['stt_unknown'] AS stt_unknown,
       d['retrieval_unknown'] AS retrieval_unknown, d['tool_unknown'] AS tool_unknown, d['llm_unknown'] AS llm_unknown,
       d['tts_unknown'] AS tts_unknown, d['playout_unknown'] AS playout_unknown,
       d['end_of_turn_told_by'] AS end_of_turn_told_by, d['stt_told_by'] AS stt_told_by, d['llm_told_by'] AS llm_told_by,
       d['tts_told_by'] AS tts_told_by,
       d['stt_provider'] AS stt_provider, d['stt_model'] AS stt_model, d['llm_provider'] AS llm_provider,
       d['llm_model'] AS llm_model, d['tts_provider'] AS tts_provider, d['tts_model'] AS tts_model, d['tts_voice'] AS tts_voice,
       if(d['tools'] = '', [], splitByChar(',', d['tools'])) AS tools,
       if(mapContains(m, 'stt_confidence'), m['stt_confidence'], NULL) AS stt_confidence,
       d['trace_id'] AS trace_id, d['turn_id'] AS turn_id,
       f.ts AS ts, f.status AS status, f.definition_version AS definition_version, f.id AS id
FROM
(
    SELECT *, measures AS m, details AS d FROM earshot.facts FINAL WHERE kind = 'response_breakdown'
) AS f
LEFT ANY JOIN
(
    SELECT tenant, call_id, call_started_at, agent_version FROM earshot.calls WHERE part = 'opened'
) AS c USING (tenant, call_id, call_started_at);

-- Where the time went until an interrupted agent was silent: detection_ms up to the framework's decision, flush_ms after it.
CREATE OR REPLACE VIEW earshot.v_interruption_breakdown AS
SELECT tenant, call_id, call_started_at, outcome, start_sample / 16 AS onset_ms,
       if(outcome = 'yielded', end_sample / 16, NULL) AS stop_ms, latency_samples / 16 AS latency_ms,
       if(mapContains(measures, 'reported_latency_ms'), measures['reported_latency_ms'], NULL) AS reported_latency_ms,
       if(mapContains(measures, 'detection_ms'), measures['detection_ms'], NULL) AS detection_ms,
       if(mapContains(measures, 'flush_ms'), measures['flush_ms'], NULL) AS flush_ms,
       if(mapContains(measures, 'speech_after_decision_ms'), measures['speech_after_decision_ms'], NULL) AS speech_after_decision_ms,
       reason AS decision_unknown, details['told_by'] AS told_by, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'interruption_breakdown';

-- What an agent's turn said, beside what was generated for it.
CREATE OR REPLACE VIEW earshot.v_agent_text AS
SELECT tenant, call_id, call_started_at, start_sample / 16 AS start_ms, end_sample / 16 AS end_ms,
       (end_sample - start_sample) / 16 AS duration_ms, outcome AS verdict, measures['is_cut'] = 1 AS is_cut,
       if(mapContains(measures, 'generated_words'), measures['generated_words'], NULL) AS generated_words,
       if(mapContains(measures, 'heard_words'), measures['heard_words'], NULL) AS heard_words,
       if(mapContains(measures, 'generated_characters'), measures['generated_characters'], NULL) AS generated_characters,
       if(mapContains(measures, 'heard_characters'), measures['heard_characters'], NULL) AS heard_characters,
       if(mapContains(measures, 'words_per_minute'), measures['words_per_minute'], NULL) AS words_per_minute,
       if(mapContains(measures, 'silent_words'), measures['silent_words'], NULL) AS silent_words,
       if(mapContains(measures, 'word_error_rate'), measures['word_error_rate'], NULL) AS word_error_rate,
       if(mapContains(measures, 'character_error_rate'), measures['character_error_rate'], NULL) AS character_error_rate,
       if(mapContains(measures, 'stt_confidence'), measures['stt_confidence'], NULL) AS stt_confidence,
       reason AS text_unknown, ts, status, definition_version, id
FROM earshot.facts FINAL WHERE kind = 'agent_text';

-- One row a turn of the agent: how long it was waited for and why, how it sounded, what became of its text, what evaluations say.
CREATE OR REPLACE VIEW earshot.v_agent_turns AS
SELECT t.tenant AS tenant, t.call_id AS call_id, t.call_started_at AS call_started_at, t.turn_index AS turn_index,
       t.start_sample / 16 AS start_ms, t.end_sample / 16 AS end_ms, (t.end_sample - t.start_sample) / 16 AS duration_ms,
       b.latency_ms AS latency_ms, b.reported_latency_ms AS reported_latency_ms, b.dominant AS dominant,
       b.llm_model AS llm_model, b.tts_voice AS tts_voice,
       x.verdict AS text_verdict, x.generated_words AS generated_words, x.heard_words AS heard_words,
       x.word_error_rate AS word_error_rate,
       if(q.windows = 0, NULL, q.intelligibility) AS intelligibility, if(q.windows = 0, NULL, q.overall_mos) AS overall_mos,
       s.scores AS scores, s.labels AS labels,
       t.ts AS ts, t.status AS status, t.definition_version AS definition_version, t.id AS id
FROM
(
    SELECT * FROM earshot.facts FINAL WHERE kind = 'turn' AND channel = 'agent'
) AS t
LEFT JOIN
(
    SELECT tenant, call_id, call_started_at, toInt64(agent_start_ms * 16) AS start_sample, toNullable(latency_ms) AS latency_ms,
           reported_latency_ms, dominant, llm_model, tts_voice
    FROM earshot.v_response_breakdown
) AS b ON b.tenant = t.tenant AND b.call_id = t.call_id AND b.call_started_at = t.call_started_at AND b.start_sample = t.start_sample
LEFT JOIN
(
    SELECT tenant, call_id, call_started_at, toInt64(start_ms * 16) AS start_sample, verdict, generated_words, heard_words, word_error_rate
    FROM earshot.v_agent_text
) AS x ON x.tenant = t.tenant AND x.call_id = t.call_id AND x.call_started_at = t.call_started_at AND x.start_sample = t.start_sample
LEFT JOIN
(
    SELECT w.tenant AS tenant, w.call_id AS call_id, w.call_started_at AS call_started_at, a.start_sample AS start_sample,
           count() AS windows, avg(w.intelligibility) AS intelligibility, avg(w.overall_mos) AS overall_mos
    FROM
    (
        SELECT tenant, call_id, call_started_at, toInt64(start_ms * 16) AS at_sample, intelligibility, overall_mos
        FROM earshot.v_quality WHERE channel = 'agent'
    ) AS w
    ASOF JOIN
    (
        SELECT tenant, call_id, call_started_at, start_sample, start_sample - 20480 AS from_sample, end_sample
        FROM earshot.facts FINAL WHERE kind = 'turn' AND channel = 'agent'
    ) AS a ON a.tenant = w.tenant AND a.call_id = w.call_id AND a.call_started_at = w.call_started_at AND w.at_sample >= a.from_sample
    WHERE w.at_sample < a.end_sample
    GROUP BY tenant, call_id, call_started_at, start_sample
) AS q ON q.tenant = t.tenant AND q.call_id = t.call_id AND q.call_started_at = t.call_started_at AND q.start_sample = t.start_sample
LEFT JOIN
(
    SELECT tenant, call_id, call_started_at, turn_index,
           mapFromArrays(groupArrayIf(toString(name), score IS NOT NULL), groupArrayIf(assumeNotNull(score), score IS NOT NULL)) AS scores,
           mapFromArrays(groupArrayIf(toString(name), label != ''), groupArrayIf(toString(label), label != '')) AS labels
    FROM earshot.v_scores WHERE turn_index IS NOT NULL
    GROUP BY tenant, call_id, call_started_at, turn_index
) AS s ON s.tenant = t.tenant AND s.call_id = t.call_id AND s.call_started_at = t.call_started_at AND s.turn_index = t.turn_index;

-- Response latency and its parts by who gave them, a day a row. A part's percentiles are over the responses where it is known.
CREATE OR REPLACE VIEW earshot.v_latency_percentiles AS
SELECT tenant, toDate(call_started_at) AS day, agent_version, stt_provider, stt_model, llm_provider, llm_model, tts_provider,
       tts_model, tts_voice, count() AS responses,
       quantileExact(0.5)(latency_ms) AS latency_ms_p50, quantileExact(0.95)(latency_ms) AS latency_ms_p95,
       quantileExactOrNull(0.5)(end_of_turn_ms) AS end_of_turn_ms_p50, quantileExactOrNull(0.95)(end_of_turn_ms) AS end_of_turn_ms_p95,
       quantileExactOrNull(0.5)(stt_ms) AS stt_ms_p50, quantileExactOrNull(0.95)(stt_ms) AS stt_ms_p95,
       quantileExactOrNull(0.5)(llm_ms) AS llm_ms_p50, quantileExactOrNull(0.95)(llm_ms) AS llm_ms_p95,
       quantileExactOrNull(0.5)(tool_ms) AS tool_ms_p50, quantileExactOrNull(0.95)(tool_ms) AS tool_ms_p95,
       quantileExactOrNull(0.5)(tts_ms) AS tts_ms_p50, quantileExactOrNull(0.95)(tts_ms) AS tts_ms_p95,
       quantileExactOrNull(0.5)(playout_ms) AS playout_ms_p50, quantileExactOrNull(0.95)(playout_ms) AS playout_ms_p95
FROM earshot.v_response_breakdown
GROUP BY tenant, day, agent_version, stt_provider, stt_model, llm_provider, llm_model, tts_provider, tts_model, tts_voice;

-- Requests by who served them, a day a row. Cancelled ones are counted and left out of the percentiles.

-- What was reported under names that no call goes by: reports of a call that Earshot did not hear, or not under that name. Traces
-- that name no call at all are not here.
CREATE OR REPLACE VIEW earshot.v_unjoined AS
SELECT tenant, call_key, kind, sum(pieces) AS reports, min(seen_at) AS first_at, max(seen_at) AS last_at, anyLast(trace) AS trace_id
FROM
(
    SELECT tenant, call_key, 'event' AS kind, received_at AS seen_at, trace_id AS trace, 1 AS pieces FROM earshot.reported_events FINAL
    UNION ALL
    SELECT tenant, call_key, 'score', received_at, trace_id, 1 FROM earshot.reported_scores FINAL WHERE call_key != ''
    UNION ALL
    SELECT Tenant, CallKey, 'trace', toDateTime64(FirstSeen, 6, 'UTC'), TraceId, 1
    FROM (SELECT TraceId, Tenant, CallKey, min(FirstSeen) AS FirstSeen FROM earshot.trace_calls GROUP BY TraceId, Tenant, CallKey)
    -- A trace that names its call by a name that is known may name it by others too.
    WHERE (Tenant, TraceId) NOT IN
    (
        SELECT Tenant, TraceId FROM earshot.trace_calls WHERE (Tenant, CallKey) IN
            (SELECT tenant, arrayJoin(arrayConcat([call_id], mapValues(provider_ids))) FROM earshot.calls)
    )
    AND (Tenant, TraceId) NOT IN (SELECT tenant, trace_id FROM earshot.calls WHERE trace_id != '')
)
WHERE (tenant, call_key) NOT IN (SELECT tenant, arrayJoin(arrayConcat([call_id], mapValues(provider_ids))) FROM earshot.calls)
GROUP BY tenant, call_key, kind;

CREATE OR REPLACE VIEW earshot.v_request_percentiles AS
SELECT tenant, toDate(call_started_at) AS day, kind, provider, model, voice, count() AS requests,
       countIf(cancelled) AS cancelled_requests, countIf(failed) AS failed_requests,
       quantileExactIfOrNull(0.5)(time_to_first_ms, NOT cancelled) AS time_to_first_ms_p50,
       quantileExactIfOrNull(0.95)(time_to_first_ms, NOT cancelled) AS time_to_first_ms_p95,
       quantileExactIfOrNull(0.5)(duration_ms, NOT cancelled) AS duration_ms_p50,
       quantileExactIfOrNull(0.95)(duration_ms, NOT cancelled) AS duration_ms_p95,
       sumOrNull(cost_usd) AS cost_usd
FROM earshot.v_requests
GROUP BY tenant, day, kind, provider, model, voice;

-- Everything of a call on one clock: what was heard (origin audio), reported (event), traced (span) and judged (score). A call's
-- order is (media_ms, kind). What has no place in time has media_ms NULL.
CREATE OR REPLACE VIEW earshot.v_timeline AS
SELECT tenant, call_id, call_started_at, toNullable(start_sample / 16) AS media_ms, end_sample / 16 AS end_ms, ts, 'audio' AS origin, kind,
       channel, outcome, reason, latency_samples / 16 AS latency_ms, '' AS source, '' AS text, '' AS trace_id, '' AS span_id,
       status, definition_version, id
FROM earshot.facts FINAL WHERE kind NOT IN ('summary', 'clock_offset')
UNION ALL
SELECT tenant, call_id, call_started_at, start_sample / 16, end_sample / 16, ts, 'event', type, role, '', '', NULL, source, text, trace_id,
       span_id, 'final', 0, id
FROM earshot.call_events FINAL
UNION ALL
SELECT tenant, call_id, call_started_at, start_sample / 16, end_sample / 16, ts, 'span', kind, role,
       multiIf(cancelled, 'cancelled', failed, 'failed', ''), error_type, duration_ms, service_name, name, trace_id, span_id, 'final', 0, span_id
FROM earshot.call_requests FINAL
UNION ALL
SELECT tenant, call_id, call_started_at, start_sample / 16, end_sample / 16, ts, 'score', name, 'agent', label, '', NULL, source,
       explanation, trace_id, span_id, 'final', 0, id
FROM earshot.call_scores FINAL;
