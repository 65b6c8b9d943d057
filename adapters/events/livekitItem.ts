/** A ChatMessage of LiveKit agents: what was said in a turn, and in its `metrics` (seconds in both languages) how it went. */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { bounded, idAt, LIMITS, listAt, objectAt, objectOf, shareAt, valueAt, wallMsAt, type Json } from './json.ts';
import { detectedAt, durationAt, spellings } from './livekitUnits.ts';
import { event, known } from './mapper.ts';

type Fields = Omit<ReportedEvent, 'type'>;

/** What the session has told already by other events, which know better. */
export interface Told {
  readonly states: boolean;
  readonly turnEnds: boolean;
  readonly latencies: boolean;
  readonly interruptions: boolean;
}

const MESSAGE = 'an item of LiveKit agents, with a role and content';

export function livekitItem(value: unknown, addedAtMs: number | undefined, told: Told): ReportedEvent[] {
  const item = objectOf(value, MESSAGE);
  const about: Fields = { itemId: idAt(item, 'id'), occurredAtMs: addedAtMs, attributes: { unit: 's' } };
  switch (idAt(item, 'role')) {
    case 'user':
      // EOUMetrics tell the turn's end better, and its words have come as they were recognised.
      return told.turnEnds ? [] : [userTurn(item, about)];
    case 'assistant':
      return agentTurn(item, about, told);
    default:
      // Instructions to the model, and items that are no messages.
      return [];
  }
}

/** The decision came `end_of_turn_delay` after the caller had stopped. */
function userTurn(item: Json, about: Fields): ReportedEvent {
  const metrics = objectAt(item, 'metrics');
  const eouS = detectedAt(metrics, 'endOfTurnDelay', 's');
  const stoppedMs = wallMsAt(metrics, ...spellings('stoppedSpeakingAt'));
  const decidedMs = stoppedMs === undefined || eouS === undefined ? undefined : stoppedMs + eouS * 1_000;
  return event('turn_ended', {
    ...about,
    role: 'caller',
    text: textOf(item),
    confidence: shareAt(item, ...spellings('transcriptConfidence')),
    occurredAtMs: decidedMs ?? about.occurredAtMs,
    metrics: known({
      'turn.eou_delay': eouS,
      'stt.transcription_delay': detectedAt(metrics, 'transcriptionDelay', 's'),
      'turn.callback_duration': durationAt(metrics, 'onUserTurnCompletedDelay', 's'),
    }),
  });
}

/** The text of an answer that was interrupted ends where its playback did. */
function agentTurn(item: Json, about: Fields, told: Told): ReportedEvent[] {
  const metrics = objectAt(item, 'metrics');
  const isInterrupted = item.interrupted === true;
  const turn: Fields = { ...about, role: 'agent' };
  const [startedMs, stoppedMs] = ['startedSpeakingAt', 'stoppedSpeakingAt'].map((name) =>
    wallMsAt(metrics, ...spellings(name)),
  );
  const playback = [
    ...(startedMs === undefined ? [] : [event('playback_started', { ...turn, occurredAtMs: startedMs })]),
    ...(stoppedMs === undefined ? [] : [event('playback_stopped', { ...turn, occurredAtMs: stoppedMs })]),
  ];
  const text = textOf(item);
  const extent = isInterrupted ? 'played' : 'all';
  const interruption = event('interruption', {
    ...turn,
    role: 'caller',
    occurredAtMs: stoppedMs ?? about.occurredAtMs,
  });
  const figures = known({
    'turn.reported_latency': durationAt(metrics, 'e2eLatency', 's'),
    'llm.ttft': told.latencies ? undefined : durationAt(metrics, 'llmNodeTtft', 's'),
    'tts.ttfb': told.latencies ? undefined : durationAt(metrics, 'ttsNodeTtfb', 's'),
    'playback.latency': durationAt(metrics, 'playbackLatency', 's'),
  });
  const attributes = { unit: 's', text_extent: extent };
  const spoken = event('tts_words', { ...turn, text, metrics: figures, attributes });
  return [
    ...(told.states ? [] : playback),
    ...(text === '' ? [] : [spoken]),
    ...(isInterrupted && !told.interruptions ? [interruption] : []),
  ];
}

/** Content is a list of texts, images and sounds; only texts are words. */
function textOf(item: Json): string {
  const content = valueAt(item, 'content');
  const parts = typeof content === 'string' ? [content] : listAt(item, 'content');
  const texts = parts.filter((part): part is string => typeof part === 'string');
  return bounded(texts.join('\n'), 'content', LIMITS.textLength);
}
