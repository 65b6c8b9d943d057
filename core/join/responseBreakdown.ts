/** Cuts each response at the marks that were told, into parts that add up to what the caller waited, to the sample. */
import type { FindingOf } from '../facts/facts.ts';
import { RESPONSE_PARTS, type PartUnknown, type ResponseBreakdown, type ResponsePart } from '../facts/reported.ts';
import { asSampleIndex } from '../units/time.ts';
import { leastOf } from './extremes.ts';
import { exchangesOf, type Exchange } from './exchanges.ts';
import type { JoinInput } from './joinInput.ts';
import { isHeard, marksOf, within, worksOf, type Marks } from './marks.ts';
import type { Placing } from './placing.ts';
import { reportedLatencies } from './reportedLatencies.ts';
import type { Report, Reports, WorkReport } from './reports.ts';
import { covered, type Interval } from './intervals.ts';

type Part = ResponseBreakdown['parts'][ResponsePart];
type Parts = Record<ResponsePart, Part>;

/** Stages that end with a mark, in their order; the onset ends the last. */
const MARKED = ['end_of_turn', 'stt', 'llm', 'tts'] as const;
type MarkedPart = (typeof MARKED)[number];

/** Why the ends of stages are unknown where nothing is told in an exchange. */
export type Silence = Readonly<Record<MarkedPart | 'tool' | 'retrieval', PartUnknown>>;

export interface ResponseJoined {
  readonly exchange: Exchange;
  readonly marks: Marks;
  readonly finding: FindingOf<'response_breakdown'>;
}

export function responseBreakdowns(
  input: JoinInput,
  reports: Reports,
  silence: Silence,
  placing: Placing,
): ResponseJoined[] {
  const joined = exchangesOf(input).map((exchange) => {
    const marks = marksOf(exchange, reports);
    return { exchange, marks, names: namesOf(exchange, marks, reports) };
  });
  const latencies = reportedLatencies(
    input,
    joined.map(({ exchange }) => exchange),
    joined.map(({ names }) => names.turnId),
    placing,
  );
  return joined.map(({ exchange, marks, names }, index) => {
    const finding: FindingOf<'response_breakdown'> = {
      kind: 'response_breakdown',
      status: input.state === 'ended' ? 'final' : 'provisional',
      revision: 0,
      startSample: asSampleIndex(exchange.callerEnd),
      endSample: asSampleIndex(exchange.onset),
      ...cut(exchange, marks, reports, silence),
      reportedLatencyMs: latencies[index],
      ...names,
    };
    return { exchange, marks, finding };
  });
}

type Cut = Pick<ResponseBreakdown, 'latencySamples' | 'parts' | 'unattributedSamples' | 'dominant'>;

function cut(exchange: Exchange, marks: Marks, reports: Reports, silence: Silence): Cut {
  const { callerEnd, onset } = exchange;
  const ends = clampedEnds(exchange, marks);
  const unknown = (reason: PartUnknown): Part => ({ samples: null, unknown: reason });
  const parts = Object.fromEntries(RESPONSE_PARTS.map((part) => [part, unknown('no_report')])) as Parts;
  let start: number | null = callerEnd;
  for (const part of MARKED) {
    const end: number | null = ends[part];
    if (end === null) parts[part] = unknown(silence[part]);
    else if (start === null) parts[part] = unknown('start_unknown');
    else parts[part] = { samples: end - start, unknown: '' };
    start = end;
  }
  parts.playout = start === null ? unknown('start_unknown') : { samples: onset - start, unknown: '' };

  const workFrom = ends.stt ?? ends.end_of_turn ?? callerEnd;
  const workTo = ends.llm ?? ends.tts ?? onset;
  const retrievals = worksOf(exchange, reports.retrievals).map(intervalOf);
  const works = [...retrievals, ...worksOf(exchange, reports.tools).map(intervalOf)];
  const retrieval = covered(retrievals, workFrom, workTo);
  const tool = covered(works, workFrom, workTo) - retrieval;
  const known = (samples: number, reason: PartUnknown): Part =>
    reason === '' ? { samples, unknown: '' } : unknown(reason);
  // Where neither the model nor any work of this exchange is told of, that there was none is not known either.
  const isSeen = ends.llm !== null || works.length > 0;
  parts.retrieval = isSeen ? known(retrieval, silence.retrieval) : unknown(silence.retrieval || 'no_report');
  parts.tool = isSeen ? known(tool, silence.tool) : unknown(silence.tool || 'no_report');
  if (parts.llm.samples !== null) {
    const from = ends.end_of_turn === null ? modelStart(exchange, reports, workFrom, workTo) : workFrom;
    parts.llm = { samples: workTo - from - covered(works, from, workTo), unknown: '' };
  }
  return { latencySamples: onset - callerEnd, parts, ...restOf(onset - callerEnd, parts) };
}

/**
 * Where no decision is told, a transcript may have waited for it: the model's time then counts from its first request, if
 * that is told, and what lies before is attributed to nobody.
 */
function modelStart(exchange: Exchange, { tokens }: Reports, from: number, to: number): number {
  const starts = within(exchange, tokens)
    .filter((report) => isHeard(exchange, report) && report.sample <= to)
    .flatMap(({ startedAt }) => startedAt ?? []);
  return starts.length === 0 ? from : Math.min(Math.max(leastOf(starts), from), to);
}

const intervalOf = ({ sample, endSample }: WorkReport): Interval => ({ start: sample, end: endSample });

/** Each end no earlier than the one before it, and within the wait: a model that began before the decision cost nothing. */
function clampedEnds({ callerEnd, onset }: Exchange, marks: Marks): Record<MarkedPart, number | null> {
  let last = callerEnd;
  const clamped = (report: Report | null): number | null => {
    if (report === null) return null;
    last = Math.min(Math.max(report.sample, last), onset);
    return last;
  };
  return {
    end_of_turn: clamped(marks.decision),
    stt: clamped(marks.final),
    llm: clamped(marks.token),
    tts: clamped(marks.firstAudio),
  };
}

function restOf(latencySamples: number, parts: Parts): Pick<Cut, 'unattributedSamples' | 'dominant'> {
  const unattributedSamples = RESPONSE_PARTS.reduce((rest, part) => rest - (parts[part].samples ?? 0), latencySamples);
  let dominant: Cut['dominant'] = 'unattributed';
  let largest = unattributedSamples;
  for (const part of [...RESPONSE_PARTS].reverse()) {
    const samples = parts[part].samples;
    if (samples === null || samples < largest) continue;
    dominant = part;
    largest = samples;
  }
  return { unattributedSamples, dominant };
}

type Names = Omit<ResponseBreakdown, keyof Cut | 'reportedLatencyMs'>;

/** Who worked, by the reports that were used; by others of the same stage in this exchange where those do not say. */
function namesOf(exchange: Exchange, marks: Marks, reports: Reports): Names {
  const { decision, final, token, firstAudio } = marks;
  const stage = (used: Report | null, others: readonly Report[]): Report[] => [
    ...(used === null ? [] : [used]),
    ...within(exchange, others).filter((report) => isHeard(exchange, report)),
  ];
  const stt = stage(final, [...reports.finals, ...reports.finalDelays]);
  const llm = stage(token, reports.tokens);
  const tts = stage(firstAudio, reports.firstAudio);
  const all = [...llm, ...tts, ...stage(decision, []), ...stt];
  const works = [...worksOf(exchange, reports.tools), ...worksOf(exchange, reports.retrievals)];
  const first = (from: readonly Report[], name: 'provider' | 'model' | 'voice' | 'traceId' | 'turnId'): string =>
    from.map((report) => report[name]).find((text) => text !== '') ?? '';
  const tools = worksOf(exchange, reports.tools).map(({ name }) => name);
  const toldBy = {
    end_of_turn: decision?.toldBy,
    stt: final?.toldBy,
    llm: token?.toldBy,
    tts: firstAudio?.toldBy,
  };
  return {
    sttConfidence: final?.confidence ?? null,
    traceId: first([...all, ...works], 'traceId'),
    turnId: first(all, 'turnId'),
    sttProvider: first(stt, 'provider'),
    sttModel: first(stt, 'model'),
    llmProvider: first(llm, 'provider'),
    llmModel: first(llm, 'model'),
    ttsProvider: first(tts, 'provider'),
    ttsModel: first(tts, 'model'),
    ttsVoice: first(tts, 'voice'),
    toolNames: [...new Set(tools.filter((name) => name !== ''))].sort(),
    toldBy: Object.fromEntries(Object.entries(toldBy).filter(([, text]) => text !== undefined)),
  };
}
