/** What others report of the sample call, in its place: an event and a request of its response at 2.9 s, a score of that turn. */
import { eventOf } from '../../core/events/eventOf.ts';
import type { Score } from '../../core/events/score.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { Place } from '../../core/join/joined.ts';
import { callEventRow, callRequestRow, callScoreRow } from '../../core/rows/joinedRows.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import type { Request } from '../../core/spans/request.ts';
import { msFromSamples } from '../../core/units/time.ts';
import { sampleMs } from './sampleCall.ts';

export const sampleRequest = (call: OpenCall): Request => ({
  traceId: call.traceId,
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  kind: 'llm',
  name: 'chat gpt-4.1-mini',
  serviceName: 'agent',
  clock: 'livekit-agents',
  startMs: call.startedAtMs + 2_450 + 40,
  durationMs: 900,
  provider: 'openai',
  model: 'gpt-4.1-mini',
  voice: '',
  tool: '',
  role: 'agent',
  inputTokens: 800,
  outputTokens: 40,
  cachedTokens: null,
  inputAudioTokens: null,
  outputAudioTokens: null,
  characters: null,
  audioMs: null,
  costUsd: 0.000384,
  timeToFirstMs: 400,
  isCancelled: false,
  isError: false,
  errorType: '',
  turnId: 'speech_1',
  metrics: {},
  outputText: '',
});

const place = (startMs: number, endMs: number | null, placedBy: Place['placedBy']): Place => ({
  startSample: sampleMs(startMs),
  endSample: endMs === null ? null : sampleMs(endMs),
  correctionMs: 40,
  placedBy,
});

export function sampleReportRows(open: OpenCall): TableRow[] {
  const { tenant, callId, startedAtMs } = open;
  const call = { tenant, callId, startedAtMs, wallMsOf: (sample: number) => startedAtMs + msFromSamples(sample) };
  const occurredAtMs = startedAtMs + 2_300 + 40;
  const event = eventOf(
    { type: 'turn_ended', role: 'caller', occurredAtMs, turnId: 'speech_1', metrics: { 'turn.eou_delay': 0.3 } },
    { tenant, callKey: callId, source: 'livekit-agents', receivedAtMs: startedAtMs + 2_400 },
  );
  const score: Score = {
    id: 'score-1',
    tenant,
    callKey: callId,
    name: 'relevance',
    value: 0.9,
    label: 'good',
    explanation: '',
    source: 'judge',
    traceId: '',
    spanId: '',
    turnId: 'speech_1',
    turnIndex: null,
    mediaMs: null,
    receivedAtMs: startedAtMs + 30_000,
  };
  return [
    callEventRow({ event, ...place(2_300, null, 'clock') }, call, 7),
    callRequestRow({ request: sampleRequest(open), ...place(2_450, 3_350, 'clock') }, call, 7),
    callScoreRow({ score, ...place(2_900, 5_400, ''), turnIndex: 1 }, call, 7),
  ];
}
