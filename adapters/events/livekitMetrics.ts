/**
 * The metrics of LiveKit agents (LLMMetrics, TTSMetrics, EOUMetrics ...) as the moments they tell of: most are written when
 * something ends and say how long it took, so its beginning and its first result can be placed before.
 */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { amountAt, idAt, objectAt, wallMsAt, type Json } from './json.ts';
import { detectedAt, durationAt, spellings, unitOf, type Unit } from './livekitUnits.ts';
import { event, known } from './mapper.ts';

type Fields = Omit<ReportedEvent, 'type'>;

export const METRICS_TYPE = /^[a-z_]+_metrics$/;

export function livekitMetrics(type: string, json: Json): ReportedEvent[] {
  const unit = unitOf(json);
  const metadata = objectAt(json, 'metadata');
  const about: Fields = {
    occurredAtMs: wallMsAt(json, 'timestamp'),
    requestId: idAt(json, ...spellings('requestId')),
    turnId: idAt(json, ...spellings('speechId')),
    segmentId: idAt(json, ...spellings('segmentId')),
    model: idAt(metadata, ...spellings('modelName')),
    provider: idAt(metadata, ...spellings('modelProvider')),
    attributes: known({ unit, label: idAt(json, 'label') }),
  };
  switch (type) {
    case 'llm_metrics':
      return llm(json, about, unit);
    case 'tts_metrics':
      return tts(json, { ...about, role: 'agent' }, unit);
    case 'eou_metrics':
      return [endOfTurn(json, { ...about, role: 'caller' }, unit)];
    case 'realtime_model_metrics':
      return realtime(json, { ...about, role: 'agent' }, unit);
    case 'interruption_metrics':
      return interruptions(json, { ...about, attributes: known({ unit: unit === 's' ? 's' : 'ms' }) }, unit);
    default:
      // vad_metrics and the usage of a streaming STT tell nothing of any one moment.
      return [];
  }
}

/** `timestamp` is when the answer was complete, `ttft` counts from the request. */
function llm(json: Json, about: Fields, unit: Unit): ReportedEvent[] {
  const durationS = durationAt(json, 'duration', unit);
  const firstS = durationAt(json, 'ttft', unit);
  const startMs = before(about.occurredAtMs, durationS);
  const firstMs = after(startMs, within(firstS, durationS));
  const first = event('llm_first_token', { ...about, occurredAtMs: firstMs, metrics: known({ 'llm.ttft': firstS }) });
  const ended = event('llm_ended', {
    ...about,
    isCancelled: isCancelled(json),
    metrics: known({
      'llm.duration': durationS,
      'llm.ttft': firstMs === undefined ? firstS : undefined,
      ...tokensOf(json, 'completionTokens', 'promptTokens', 'promptCachedTokens'),
    }),
  });
  return [
    ...(startMs === undefined ? [] : [event('llm_requested', { ...about, occurredAtMs: startMs })]),
    ...(firstMs === undefined ? [] : [first]),
    ended,
  ];
}

/** As with the LLM. Without any audio `ttfb` means nothing. */
function tts(json: Json, about: Fields, unit: Unit): ReportedEvent[] {
  const durationS = durationAt(json, 'duration', unit);
  const audioS = durationAt(json, 'audioDuration', unit);
  const firstS = audioS === 0 ? undefined : durationAt(json, 'ttfb', unit);
  const startMs = before(about.occurredAtMs, durationS);
  const firstMs = after(startMs, within(firstS, durationS));
  const first = event('tts_first_audio', { ...about, occurredAtMs: firstMs, metrics: known({ 'tts.ttfb': firstS }) });
  const ended = event('tts_ended', {
    ...about,
    isCancelled: isCancelled(json),
    metrics: known({
      'tts.duration': durationS,
      'tts.audio_duration': audioS,
      'tts.ttfb': firstMs === undefined ? firstS : undefined,
      'tts.characters': amountAt(json, ...spellings('charactersCount')),
    }),
  });
  return [
    ...(startMs === undefined ? [] : [event('tts_requested', { ...about, occurredAtMs: startMs })]),
    ...(firstMs === undefined ? [] : [first]),
    ended,
  ];
}

/** Written after the user's own callback has run, which the decision was made before. */
function endOfTurn(json: Json, about: Fields, unit: Unit): ReportedEvent {
  const callbackS = durationAt(json, 'onUserTurnCompletedDelay', unit);
  return event('turn_ended', {
    ...about,
    occurredAtMs: before(about.occurredAtMs, callbackS) ?? about.occurredAtMs,
    metrics: known({
      'turn.eou_delay': detectedAt(json, 'endOfUtteranceDelay', unit),
      'stt.transcription_delay': detectedAt(json, 'transcriptionDelay', unit),
      'turn.callback_duration': callbackS,
    }),
  });
}

/** `timestamp` is when the response was created. One model does the work of two: its first audio is its first token. */
function realtime(json: Json, about: Fields, unit: Unit): ReportedEvent[] {
  const durationS = durationAt(json, 'duration', unit);
  const firstS = durationAt(json, 'ttft', unit);
  const firstMs = after(about.occurredAtMs, firstS);
  const first = event('llm_first_token', { ...about, occurredAtMs: firstMs, metrics: known({ 'llm.ttft': firstS }) });
  const ended = event('llm_ended', {
    ...about,
    isCancelled: isCancelled(json),
    occurredAtMs: after(about.occurredAtMs, durationS),
    metrics: known({
      'llm.duration': durationS,
      'llm.ttft': firstMs === undefined ? firstS : undefined,
      ...tokensOf(json, 'outputTokens', 'inputTokens', 'cachedTokens'),
    }),
  });
  return [
    event('llm_requested', about),
    ...(firstMs === undefined ? [] : [first, event('tts_first_audio', { ...about, occurredAtMs: firstMs })]),
    ended,
  ];
}

/** In JavaScript these are milliseconds by their description, though their names do not say so. */
function interruptions(json: Json, about: Fields, unit: Unit): ReportedEvent[] {
  const delay = amountAt(json, ...spellings('detectionDelay'));
  const metrics = known({
    'interruption.detection_delay': delay === undefined || unit === 's' ? delay : delay / 1_000,
    'interruption.count': amountAt(json, ...spellings('numInterruptions')),
    'backchannel.count': amountAt(json, ...spellings('numBackchannels')),
  });
  return Object.keys(metrics).length === 0 ? [] : [event('metrics', { ...about, metrics })];
}

const tokensOf = (json: Json, output: string, input: string, cached: string): Readonly<Record<string, number>> =>
  known({
    'llm.output_tokens': amountAt(json, ...spellings(output)),
    'llm.input_tokens': amountAt(json, ...spellings(input)),
    'llm.cached_tokens':
      amountAt(json, ...spellings(cached)) ??
      amountAt(objectAt(json, ...spellings('inputTokenDetails')), ...spellings(cached)),
  });

/** On the end only: that is when it was given up, and what came before may have been heard. */
const isCancelled = (json: Json): true | undefined => (json.cancelled === true ? true : undefined);

/** An hour: no request lasts longer, and a figure that is no duration must not move an event to another day. */
const DURATION_S_MAX = 3_600;

const before = (ms: number | null | undefined, seconds: number | undefined): number | undefined =>
  typeof ms !== 'number' || seconds === undefined || seconds === 0 || seconds > DURATION_S_MAX
    ? undefined
    : ms - seconds * 1_000;

const after = (ms: number | null | undefined, seconds: number | undefined): number | undefined =>
  typeof ms !== 'number' || seconds === undefined || seconds > DURATION_S_MAX ? undefined : ms + seconds * 1_000;

/** A first result that came after the end was not measured from the same start. */
const within = (firstS: number | undefined, durationS: number | undefined): number | undefined =>
  firstS !== undefined && durationS !== undefined && firstS <= durationS ? firstS : undefined;
