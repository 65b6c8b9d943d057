/** What events and requests tell of the stages of a response, in one shape and on the timeline: who told which end when. */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { Request } from '../spans/request.ts';
import { samplesFromMs } from '../units/time.ts';
import type { JoinInput } from './joinInput.ts';
import { endOf } from './moments.ts';
import type { Placing } from './placing.ts';
import { cancellationsOf } from './cancellations.ts';

export interface Report {
  /** For ties: the event's or the request's. */
  readonly id: string;
  readonly sample: number;
  readonly by: 'clock' | 'media' | 'received';
  readonly toldBy: string;
  readonly clock: string;
  readonly turnId: string;
  readonly traceId: string;
  readonly provider: string;
  readonly model: string;
  readonly voice: string;
  /** Where the request began, of which this tells the first piece; null where that is not told. */
  readonly startedAt: number | null;
  /** When its request was given up; null if it was not. */
  readonly cancelledAt: number | null;
}

/** A transcript, and the audio that it covers where that is known. */
export interface FinalReport extends Report {
  readonly media: { readonly startSample: number; readonly endSample: number | null } | null;
  readonly confidence: number | null;
}

/** A delay that counts from where the reporter saw the caller end; `sample` is when it was told. */
export interface DelayReport extends Report {
  readonly delaySamples: number;
}

export interface WorkReport extends Report {
  readonly endSample: number;
  readonly name: string;
}

export interface Reports {
  readonly turnEnds: readonly Report[];
  readonly turnRequests: readonly Report[];
  readonly turnDelays: readonly DelayReport[];
  /** In calls in which nobody tells another decision: there it is the decision. */
  readonly speechStops: readonly Report[];
  readonly finals: readonly FinalReport[];
  readonly finalDelays: readonly DelayReport[];
  readonly tokens: readonly Report[];
  readonly firstAudio: readonly Report[];
  readonly tools: readonly WorkReport[];
  readonly retrievals: readonly WorkReport[];
  /** Ends of the caller's speech as frameworks back-date them; what delays count from. */
  readonly callerEnds: readonly Report[];
}

/** Those told in [from, to]; the lists are in the order of time. */
export function toldBetween<R extends Report>(reports: readonly R[], from: number, to: number): R[] {
  let low = 0;
  let high = reports.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reports[middle].sample < from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < reports.length && reports[end].sample <= to) end++;
  return reports.slice(low, end);
}

type Draft = Omit<Report, 'sample' | 'by' | 'startedAt' | 'cancelledAt'>;

export const metricMs = ({ metrics }: SpeechEvent | Request, key: string): number | null =>
  key in metrics && metrics[key] >= 0 ? metrics[key] * 1000 : null;

export function reportsOf(input: JoinInput, placing: Placing): Reports {
  const { events, requests } = input;
  const cancelledAt = cancellationsOf(events, placing);

  function ofEvent(event: SpeechEvent, sinceMs = 0): Report[] {
    const told = placing.told(event);
    if (told === null) return [];
    const sample = told.sample - samplesFromMs(sinceMs);
    const firstMs = metricMs(event, 'llm.ttft') ?? metricMs(event, 'tts.ttfb');
    const startedAt = firstMs === null ? null : sample - samplesFromMs(firstMs);
    return [{ ...draftOfEvent(event), sample, by: told.by, startedAt, cancelledAt: cancelledAt(event) }];
  }

  function ofRequest(request: Request, wallMs: number | null): Report[] {
    const sample = wallMs === null ? null : placing.at(request, wallMs);
    if (sample === null) return [];
    const cancelled = request.isCancelled ? placing.at(request, endOf(request)) : null;
    const startedAt = placing.at(request, request.startMs);
    return [{ ...draftOfRequest(request), sample, by: 'clock', startedAt, cancelledAt: cancelled }];
  }

  const ofType = (wanted: (event: SpeechEvent) => boolean): Report[] =>
    events.flatMap((event) => (wanted(event) ? ofEvent(event) : []));
  const ofKind = (kind: Request['kind'], timeOf: (request: Request) => number | null): Report[] =>
    requests.flatMap((request) => (request.kind === kind ? ofRequest(request, timeOf(request)) : []));
  const delays = (key: string): DelayReport[] => [
    ...events.flatMap((event) => (key in event.metrics ? withDelay(ofEvent(event), metricMs(event, key)) : [])),
    ...requests.flatMap((request) =>
      key in request.metrics ? withDelay(ofRequest(request, endOf(request)), metricMs(request, key)) : [],
    ),
  ];
  /** Services that tell how long it took tell it at the end of the request, or at the first piece. */
  const firsts = (type: SpeechEvent['type'], first: string, whole: string, kind: Request['kind']): Report[] => [
    ...ofType((event) => event.type === type && event.role !== 'caller'),
    ...events.flatMap((event) =>
      tellsFirst(event, first, whole) ? ofEvent(event, sinceFirstMs(event, first, whole)) : [],
    ),
    ...ofKind(kind, firstOf),
  ];
  const turnEnds = ofType(({ type, role }) => type === 'turn_ended' && role !== 'agent');
  const turnRequests = ofKind('end_of_turn', endOf);
  const turnDelays = delays('turn.eou_delay');
  const isDecided = turnEnds.length + turnRequests.length + turnDelays.length > 0;
  return sortedAll({
    turnEnds,
    turnRequests,
    turnDelays,
    speechStops: isDecided ? [] : ofType(isStop),
    finals: [
      ...events.flatMap((event) => (isFinal(event) ? finalsOf(event, ofEvent(event), placing) : [])),
      ...requests.flatMap((request) =>
        request.kind === 'stt' && request.role !== 'agent' ? finalsOfRequest(ofRequest(request, endOf(request))) : [],
      ),
    ],
    finalDelays: delays('stt.transcription_delay'),
    tokens: firsts('llm_first_token', 'llm.ttft', 'llm.duration', 'llm'),
    firstAudio: firsts('tts_first_audio', 'tts.ttfb', 'tts.duration', 'tts'),
    tools: [
      ...events.flatMap((event) => toolOfEvent(event, ofEvent(event))),
      ...requests.flatMap((request) => (request.kind === 'tool' ? workOf(request, ofRequest, placing) : [])),
    ],
    retrievals: requests.flatMap((request) => (isRetrieval(request) ? workOf(request, ofRequest, placing) : [])),
    callerEnds: requests.flatMap((request) =>
      request.kind === 'speaking' && request.role === 'caller' ? ofRequest(request, endOf(request)) : [],
    ),
  });
}

function draftOfEvent(event: SpeechEvent): Draft {
  const { id, source, type, clock, turnId, traceId, provider, model, voice, occurredAtMs } = event;
  const toldBy = `${source} ${type}${occurredAtMs === null ? ' (by receipt)' : ''}`;
  return { id, toldBy, clock, turnId, traceId, provider, model, voice };
}

function draftOfRequest(request: Request): Draft {
  const { spanId, serviceName, name, clock, turnId, traceId, provider, model, voice } = request;
  return {
    id: traceId + spanId,
    toldBy: `${serviceName} ${name}`.trim(),
    clock,
    turnId,
    traceId,
    provider,
    model,
    voice,
  };
}

const firstOf = ({ startMs, timeToFirstMs }: Request): number | null =>
  timeToFirstMs === null ? null : startMs + timeToFirstMs;

/**
 * A report on a whole turn names the delays of all its stages; it is told when the turn is over, not at the first piece. Where
 * no duration says how long ago that was, only Pipecat is known to tell at the first piece itself.
 */
const tellsFirst = ({ type, source, metrics }: SpeechEvent, first: string, whole: string): boolean =>
  type === 'metrics' &&
  metrics[first] >= 0 &&
  (whole in metrics || source.startsWith('pipecat')) &&
  ['llm.ttft', 'tts.ttfb', 'turn.reported_latency'].filter((key) => key in metrics).length === 1;

const sinceFirstMs = (event: SpeechEvent, first: string, whole: string): number =>
  Math.max(0, (metricMs(event, whole) ?? 0) - (metricMs(event, first) ?? 0));

/** LiveKit tells where its voice detector fell silent and decides later. */
const DECIDES_LATER = /^livekit/;

/** Where nobody tells a decision, that the caller was seen to stop is the nearest to one. */
export const isStop = ({ type, role, source }: SpeechEvent): boolean =>
  type === 'speech_stopped' && role === 'caller' && !DECIDES_LATER.test(source);

const isFinal = ({ type, role }: SpeechEvent): boolean => type === 'stt_final' && role !== 'agent';

const isRetrieval = ({ kind }: Request): boolean => kind === 'retrieval' || kind === 'embedding' || kind === 'rerank';

const withDelay = (reports: readonly Report[], delayMs: number | null): DelayReport[] =>
  delayMs === null ? [] : reports.map((report) => ({ ...report, delaySamples: samplesFromMs(delayMs) }));

function finalsOf(event: SpeechEvent, reports: readonly Report[], placing: Placing): FinalReport[] {
  const ofWords = event.words.flatMap(({ confidence }) => confidence ?? []);
  const mean = ofWords.length === 0 ? null : ofWords.reduce((sum, value) => sum + value, 0) / ofWords.length;
  return reports.map((report) => ({ ...report, media: placing.media(event), confidence: event.confidence ?? mean }));
}

const finalsOfRequest = (reports: readonly Report[]): FinalReport[] =>
  reports.map((report) => ({ ...report, media: null, confidence: null }));

function toolOfEvent(event: SpeechEvent, reports: readonly Report[]): WorkReport[] {
  const key = Object.keys(event.metrics).find((name) => /(^|[._])duration$/.test(name));
  if (event.type !== 'tool_call' || key === undefined) return [];
  const samples = samplesFromMs(metricMs(event, key) ?? 0);
  const name = event.attributes['tool'] ?? event.attributes['tool.name'] ?? event.attributes['name'] ?? '';
  return reports.map((report) => ({ ...report, sample: report.sample - samples, endSample: report.sample, name }));
}

function workOf(
  request: Request,
  ofRequest: (request: Request, wallMs: number) => Report[],
  placing: Placing,
): WorkReport[] {
  const endSample = placing.at(request, endOf(request));
  if (endSample === null) return [];
  return ofRequest(request, request.startMs).map((report) => ({
    ...report,
    endSample,
    name: request.tool === '' ? request.name : request.tool,
  }));
}

/** One order, whatever the order in which they came. */
function sortedAll(reports: Reports): Reports {
  const inOrder = (a: Report, b: Report): number =>
    a.sample - b.sample || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) || (a.toldBy < b.toldBy ? -1 : 1);
  return Object.fromEntries(
    Object.entries(reports).map(([name, list]: [string, readonly Report[]]) => [name, [...list].sort(inOrder)]),
  ) as unknown as Reports;
}
