/** A call of one exchange with round times, and the shortest ways to say what is told of it. */
import { eventOf } from '../../core/events/eventOf.ts';
import type { ReportedEvent, SpeechEvent } from '../../core/events/speechEvent.ts';
import type { JoinInput } from '../../core/join/joinInput.ts';
import type { Request } from '../../core/spans/request.ts';
import { asSampleIndex, samplesFromMs } from '../../core/units/time.ts';

export const ORIGIN_MS = 1_764_000_000_000;
export const CALLER_END_MS = 5_000;
export const ONSET_MS = 7_000;

const at = (ms: number) => asSampleIndex(samplesFromMs(ms));
const run = (channel: 'caller' | 'agent', startMs: number, endMs: number) => ({
  channel,
  startSample: at(startMs),
  endSample: at(endMs),
});

/** The agent greets, the caller speaks from 3 to 5 s, the agent answers from 7 to 10 s. */
export function oneExchange(
  events: readonly SpeechEvent[],
  requests: readonly Request[] = [],
  more: Partial<JoinInput> = {},
): JoinInput {
  const speech = [run('agent', 500, 2_500), run('caller', 3_000, CALLER_END_MS), run('agent', ONSET_MS, 10_000)];
  return {
    tenant: 'acme',
    callId: 'call-1',
    state: 'ended',
    anchors: [{ sample: at(0), wallMs: ORIGIN_MS }],
    endSample: at(12_000),
    speech,
    turns: speech.map((one, turnIndex) => ({ ...one, turnIndex })),
    responses: [{ startSample: at(CALLER_END_MS), endSample: at(ONSET_MS) }],
    interruptions: [],
    events,
    requests,
    scores: [],
    ...more,
  };
}

/** Told at a moment of the timeline, by a clock that is right. */
export function told(atMs: number, event: ReportedEvent): SpeechEvent {
  const origin = { tenant: 'acme', callKey: 'call-1', source: 'app', receivedAtMs: ORIGIN_MS + atMs + 20 };
  return eventOf({ occurredAtMs: ORIGIN_MS + atMs, ...event }, origin);
}

/** By a service that has no wall clock; it comes at a moment of the timeline. */
export function received(atMs: number, event: ReportedEvent): SpeechEvent {
  return eventOf(event, { tenant: 'acme', callKey: 'call-1', source: 'service', receivedAtMs: ORIGIN_MS + atMs });
}

let spans = 0;

export function span(kind: Request['kind'], startMs: number, endMs: number, more: Partial<Request> = {}): Request {
  spans++;
  return {
    traceId: 'a'.repeat(32),
    spanId: spans.toString(16).padStart(16, '0'),
    parentSpanId: '',
    kind,
    name: kind,
    serviceName: 'app',
    clock: 'app',
    startMs: ORIGIN_MS + startMs,
    durationMs: endMs - startMs,
    provider: '',
    model: '',
    voice: '',
    tool: '',
    role: '',
    inputTokens: null,
    outputTokens: null,
    cachedTokens: null,
    inputAudioTokens: null,
    outputAudioTokens: null,
    characters: null,
    audioMs: null,
    costUsd: null,
    timeToFirstMs: null,
    isCancelled: false,
    isError: false,
    errorType: '',
    turnId: '',
    metrics: {},
    outputText: '',
    ...more,
  };
}
