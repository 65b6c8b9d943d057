/**
 * What rules may ask of each kind of fact: its fields by the names that the API and SQL use, with their units, and for words the
 * values that they can take. `call` is no fact but a finished call as a whole, with the figures of v_calls.
 */
import { END_REASONS, GAP_REASONS, INTERRUPTION_OUTCOMES, type FactKind } from '../facts/facts.ts';
import { PROTOCOLS, TAPS } from '../facts/openCall.ts';
import { RESPONSE_PARTS } from '../facts/reported.ts';
import { CHANNELS } from '../units/channel.ts';

export interface NumberField {
  readonly type: 'number';
  /** `ms` may be written as a duration too: 10s. Empty: a plain number, a count or a share. */
  readonly unit: '' | 'ms' | 'dB' | 'Hz' | 'st';
}

export interface TextField {
  readonly type: 'text';
  /** Null: any. */
  readonly values: readonly string[] | null;
}

export type Field = NumberField | TextField;
export type Fields = Readonly<Record<string, Field>>;

/** `frames` are signals, nothing to have rules on; what there is to know of a call's start is known of its end. */
export type AlertKind = Exclude<FactKind, 'frames' | 'call_started' | 'summary'> | 'call';

const plain: Field = { type: 'number', unit: '' };
const ms: Field = { type: 'number', unit: 'ms' };
const db: Field = { type: 'number', unit: 'dB' };
const hz: Field = { type: 'number', unit: 'Hz' };
const st: Field = { type: 'number', unit: 'st' };
const text: Field = { type: 'text', values: null };
const one = (values: readonly string[]): Field => ({ type: 'text', values });

const channel = one(CHANNELS);
const tap = one(TAPS);
const duration_ms = ms;
const onChannel: Fields = { channel, duration_ms };

const partFields = (suffix: string, field: Field): Fields =>
  Object.fromEntries(RESPONSE_PARTS.map((part) => [`${part}_${suffix}`, field]));

export const FIELDS: Readonly<Record<AlertKind, Fields>> = {
  call: {
    protocol: one(PROTOCOLS),
    tap,
    agent_version: text,
    end_reason: one(END_REASONS),
    error_code: text,
    duration_ms,
    caller_speech_ms: ms,
    agent_speech_ms: ms,
    talk_ratio: plain,
    overlap_ms: ms,
    overlaps: plain,
    turns: plain,
    interruptions_by_caller: plain,
    yielded: plain,
    continued: plain,
    interruptions_by_agent: plain,
    backchannels: plain,
    noise_bursts: plain,
    interruption_latency_ms_p50: ms,
    interruption_latency_ms_max: ms,
    responses: plain,
    response_latency_ms_p50: ms,
    response_latency_ms_p95: ms,
    response_latency_ms_max: ms,
    dead_air_ms: ms,
    dead_airs: plain,
    gap_ms_caller: ms,
    gap_ms_agent: ms,
    analysed_ms_caller: ms,
    analysed_ms_agent: ms,
    clippings: plain,
    dropouts: plain,
    echo_loss_db: db,
    gibberishes: plain,
    loops: plain,
    tone_changes: plain,
    intelligibility_caller: plain,
    intelligibility_agent: plain,
    overall_mos_caller: plain,
    overall_mos_agent: plain,
    f0_hz_caller: hz,
    f0_hz_agent: hz,
  },
  call_ended: { reason: one(END_REASONS), error_code: text },
  speech: { ...onChannel, level_dbfs: db, probability_mean: plain },
  turn: { ...onChannel, turn_index: plain, speech_ms: ms },
  overlap: onChannel,
  interruption: {
    ...onChannel,
    outcome: one(INTERRUPTION_OUTCOMES),
    latency_ms: ms,
    latency_unknown: one(['not_yielded', 'pending', 'call_ended']),
    tap,
  },
  response: { latency_ms: ms, tap },
  dead_air: onChannel,
  gap: { ...onChannel, reason: one(GAP_REASONS) },
  noise_burst: { ...onChannel, level_dbfs: db },
  echo: { ...onChannel, loss_db: db, delay_ms: ms },
  clipping: { ...onChannel, clipped_share: plain },
  dropout: { ...onChannel, silent_ms: ms, holes: plain },
  prosody: {
    ...onChannel,
    speech_ms: ms,
    level_dbfs: db,
    level_range_db: db,
    pauses: plain,
    pause_ms: ms,
    voiced_share: plain,
    f0_hz: hz,
    f0_range_st: st,
    f0_slope_st_per_s: plain,
    f0_final_st: st,
    f0_sd_st: st,
    monotony: plain,
    syllables: plain,
    speaking_rate_per_s: plain,
    articulation_rate_per_s: plain,
    jitter_percent: plain,
    shimmer_percent: plain,
    harmonicity_db: db,
    arousal: plain,
    reason: one(['too_little_voice', 'not_measured']),
  },
  tone_change: {
    ...onChannel,
    outcome: one(['raised', 'lowered', 'mixed']),
    f0_shift_st: st,
    level_shift_db: db,
    rate_shift_per_s: plain,
    arousal_shift: plain,
  },
  quality: {
    ...onChannel,
    speech_ms: ms,
    intelligibility: plain,
    signal_mos: plain,
    background_mos: plain,
    overall_mos: plain,
  },
  gibberish: { ...onChannel, intelligibility: plain },
  loop: { ...onChannel, period_ms: ms },
  unmeasured: { ...onChannel, reason: one(['shed', 'failed']), model: text },
  model_score: { ...onChannel, model: text },
  clock_offset: {
    clock: text,
    reason: one(['estimated', 'receipts', 'assumed', 'ambiguous']),
    offset_ms: ms,
    drift_ppm: plain,
    pairs: plain,
    matched_share: plain,
    spread_ms: ms,
  },
  response_breakdown: {
    latency_ms: ms,
    outcome: one([...RESPONSE_PARTS, 'unattributed']),
    ...partFields('ms', ms),
    ...partFields('unknown', text),
    ...partFields('told_by', text),
    unattributed_ms: ms,
    reported_latency_ms: ms,
    stt_confidence: plain,
    stt_provider: text,
    stt_model: text,
    llm_provider: text,
    llm_model: text,
    tts_provider: text,
    tts_model: text,
    tts_voice: text,
    tools: text,
    trace_id: text,
    turn_id: text,
  },
  interruption_breakdown: {
    outcome: one(INTERRUPTION_OUTCOMES),
    latency_ms: ms,
    reason: one(['no_report', 'clock_unknown']),
    detection_ms: ms,
    flush_ms: ms,
    speech_after_decision_ms: ms,
    reported_latency_ms: ms,
    told_by: text,
  },
  agent_text: {
    ...onChannel,
    outcome: one(['fits', 'too_short', 'too_long', 'silent_words', 'no_audio', 'no_text', 'unknown']),
    reason: one(['no_report', 'text_not_kept', 'no_timing']),
    is_cut: plain,
    generated_words: plain,
    heard_words: plain,
    generated_characters: plain,
    heard_characters: plain,
    words_per_minute: plain,
    silent_words: plain,
    word_error_rate: plain,
    character_error_rate: plain,
    stt_confidence: plain,
  },
};

/** A model of the user's own gives measures of its own: any name that is none of the fields is one of them. */
export const fieldOf = (kind: AlertKind, name: string): Field | null => {
  if (Object.hasOwn(FIELDS[kind], name)) return FIELDS[kind][name];
  return kind === 'model_score' ? plain : null;
};

export const isAlertKind = (name: string): name is AlertKind => Object.hasOwn(FIELDS, name);
