/** What frameworks say that the caller waited, found for the response that they mean: by turn, else by time. */
import { samplesFromMs } from '../units/time.ts';
import { LATE_SAMPLES, type Exchange } from './exchanges.ts';
import type { JoinInput } from './joinInput.ts';
import { endOf } from './moments.ts';
import type { Placing } from './placing.ts';
import { metricMs } from './reports.ts';

const KEY = 'turn.reported_latency';
/** A reply that is interrupted is told about a little after the caller began. */
const AFTER_REPLY_SAMPLES = samplesFromMs(2_000);

interface Told {
  readonly turnId: string;
  /** Spans say where the reply lies; events come when it begins or when it is over. */
  readonly start: number | null;
  readonly end: number;
  readonly latencyMs: number;
  readonly source: string;
}

/** By exchange; null where nothing was told, or where one reporter tells several things. */
export function reportedLatencies(
  input: JoinInput,
  exchanges: readonly Exchange[],
  turnIds: readonly string[],
  placing: Placing,
): (number | null)[] {
  const found = exchanges.map((): Told[] => []);
  for (const told of toldLatencies(input, placing)) {
    const index = indexByTurn(told, turnIds) ?? indexByTime(told, exchanges);
    if (index !== null) found[index].push(told);
  }
  return found.map(agreed);
}

function toldLatencies({ events, requests }: JoinInput, placing: Placing): Told[] {
  const ofRequests = requests.flatMap((request): Told[] => {
    const latencyMs = metricMs(request, KEY);
    const start = placing.at(request, request.startMs);
    const end = placing.at(request, endOf(request));
    if (latencyMs === null || start === null || end === null) return [];
    return [{ turnId: request.turnId, start, end, latencyMs, source: request.serviceName }];
  });
  const ofEvents = events.flatMap((event): Told[] => {
    const latencyMs = metricMs(event, KEY);
    const told = placing.told(event);
    if (latencyMs === null || told === null) return [];
    return [{ turnId: event.turnId, start: null, end: told.sample, latencyMs, source: event.source }];
  });
  return [...ofRequests, ...ofEvents];
}

function indexByTurn({ turnId }: Told, turnIds: readonly string[]): number | null {
  const index = turnId === '' ? -1 : turnIds.indexOf(turnId);
  return index >= 0 && turnIds.lastIndexOf(turnId) === index ? index : null;
}

function indexByTime({ start, end }: Told, exchanges: readonly Exchange[]): number | null {
  const index =
    start === null
      ? exchanges.findLastIndex(({ onset }) => onset <= end + LATE_SAMPLES)
      : exchanges.findIndex(({ onset }) => onset >= start - LATE_SAMPLES && onset <= end + LATE_SAMPLES);
  if (index < 0) return null;
  return start === null && end > exchanges[index].next + AFTER_REPLY_SAMPLES ? null : index;
}

/** Spans before events; of each, the one reporter that names one figure. */
function agreed(told: readonly Told[]): number | null {
  const spans = told.filter(({ start }) => start !== null);
  const from = spans.length > 0 ? spans : told;
  const sources = [...new Set(from.map(({ source }) => source))].sort();
  const values = sources.flatMap((source) => {
    const own = new Set(from.filter((one) => one.source === source).map(({ latencyMs }) => latencyMs));
    return own.size === 1 ? [...own] : [];
  });
  return values[0] ?? null;
}
