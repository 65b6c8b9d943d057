/**
 * Syntheses: what reports of text-to-speech say belongs together, one piece of audio each, with its text, its words' times and
 * where on the call's timeline it was asked for and played. By the ids that services give; without ids each report stands alone.
 */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { Request } from '../spans/request.ts';
import { samplesFromMs } from '../units/time.ts';
import { gather } from './gather.ts';
import type { Place } from './joined.ts';
import { joinTexts, toldBy, toldBySpan, type ToldText } from './toldText.ts';

export interface Synthesis extends ToldText {
  /** Who tells its text. */
  readonly source: string;
  readonly key: string;
  readonly turnIds: readonly string[];
  readonly voice: string;
  /** Its first audio was handed to the transport; null where nobody told, or the clock could not be aligned. */
  readonly playedSample: number | null;
  /** The first that was told of it. */
  readonly toldSample: number | null;
  /** All that was told of it may have been told when it was over. */
  readonly isToldAfter: boolean;
  readonly isCancelled: boolean;
  readonly cancelledSample: number | null;
  readonly audioMs: number | null;
  /** How much of it was played when it was cut. */
  readonly playedMs: number | null;
  readonly isTruncated: boolean;
}

export type PlaceEvent = (event: SpeechEvent) => Place;
export type PlaceRequest = (request: Request) => Place;

const TELLING: ReadonlySet<string> = new Set([
  'tts_requested',
  'tts_first_audio',
  'tts_words',
  'tts_ended',
  'playback_started',
]);
const PLAYING: ReadonlySet<string> = new Set(['playback_started', 'playback_stopped', 'playback_truncated']);
const NESTED_MAX = 16;

interface Placed {
  readonly event: SpeechEvent;
  readonly sample: number | null;
}

export function synthesesOf(
  events: readonly SpeechEvent[],
  requests: readonly Request[],
  place: PlaceEvent,
  placeRequest: PlaceRequest,
): Synthesis[] {
  const placed = events.filter(isOfSynthesis).map((event) => ({ event, sample: sampleOf(event, place) }));
  const ordered = placed.sort(
    (a, b) => (a.sample ?? a.event.occurredAtMs ?? 0) - (b.sample ?? b.event.occurredAtMs ?? 0) || byId(a, b),
  );
  const groups = groupsOf(ordered.filter(({ event }) => TELLING.has(event.type)));
  const about = reportsAbout(groups, ordered);
  const fromEvents = groups.flatMap((group) => synthesisOf(group, about(group)) ?? []);
  return [...fromEvents, ...fromSpans(requests, placeRequest)];
}

const isOfSynthesis = ({ type, role, metrics }: SpeechEvent): boolean =>
  role !== 'caller' && (TELLING.has(type) || PLAYING.has(type) || metrics['tts.audio_duration'] !== undefined);

const byId = (a: Placed, b: Placed): number => (a.event.id < b.event.id ? -1 : a.event.id > b.event.id ? 1 : 0);

/** Media times of synthesis count in its own audio and say nothing of the call's timeline. */
function sampleOf(event: SpeechEvent, place: PlaceEvent): number | null {
  const { startSample, placedBy } = place(event);
  const isOwnAudio = placedBy === 'media' && event.type !== 'playback_started' && event.type !== 'playback_stopped';
  return isOwnAudio ? null : startSample;
}

const idsOf = ({ segmentId, itemId, requestId }: SpeechEvent): string[] => [
  ...(segmentId === '' ? [] : [`segment ${segmentId}`]),
  ...(itemId === '' ? [] : [`item ${itemId}`]),
  ...(requestId === '' ? [] : [`request ${requestId}`]),
];

interface Group {
  readonly key: string;
  readonly placed: Placed[];
  readonly ids: ReadonlySet<string>;
}

/** By the narrowest id of each; without one, an event is a group of its own. */
function groupsOf(placed: readonly Placed[]): Group[] {
  const byKey = new Map<string, Placed[]>();
  for (const each of placed) {
    const key = `${each.event.source} ${idsOf(each.event)[0] ?? `event ${each.event.id}`}`;
    gather(byKey, key, each);
  }
  const groups = [...byKey].map(([key, group]) => ({
    key,
    placed: group,
    ids: new Set(group.flatMap(({ event }) => idsOf(event))),
  }));
  return intoSegments(groups);
}

/** What is told of a whole request belongs to its only segment; of several, only they are counted, if they have text. */
function intoSegments(groups: readonly Group[]): Group[] {
  const members = new Map<string, Group[]>();
  for (const group of groups)
    for (const id of group.ids) {
      const name = `${group.placed[0].event.source} ${id}`;
      if (name !== group.key) gather(members, name, group);
    }
  const isWhole = (group: Group): boolean =>
    (members.get(group.key) ?? []).some(({ placed }) => placed.some(({ event }) => toldBy(event) !== null));
  for (const group of groups) {
    const [only, ...others] = members.get(group.key) ?? [];
    if (only !== undefined && others.length === 0) only.placed.push(...group.placed);
  }
  return groups.filter((group) => (members.get(group.key) ?? []).length !== 1 && !isWhole(group));
}

/** Playback and metrics of a group, whoever tells: by the narrowest id that a group has, else by the turn as its source counts. */
function reportsAbout(groups: readonly Group[], ordered: readonly Placed[]): (group: Group) => Placed[] {
  const known = new Set(groups.flatMap(({ ids }) => [...ids]));
  const reports = new Map<string, Placed[]>();
  for (const each of ordered) {
    const { event } = each;
    const own = idsOf(event);
    const name = own.length > 0 ? (own.find((id) => known.has(id)) ?? null) : turnOf(event);
    if (name === null || (event.type.startsWith('tts_') && !event.isCancelled)) continue;
    gather(reports, name, each);
  }
  return (group) => {
    const names = group.ids.size > 0 ? [...group.ids] : [turnOf(group.placed[0].event) ?? ''];
    const own = new Set(group.placed);
    return [...new Set(names.flatMap((name) => reports.get(name) ?? []))].filter((each) => !own.has(each));
  };
}

const turnOf = ({ source, turnId }: SpeechEvent): string | null =>
  turnId === '' ? null : `turn ${turnId} of ${source}`;

function synthesisOf({ key, placed: group }: Group, about: readonly Placed[]): Synthesis | null {
  const told = toldOf(group);
  if (told === null) return null;
  const all = [...group, ...about];
  const events = all.map(({ event }) => event);
  const started = all.filter(({ event }) => event.type === 'playback_started');
  const truncated = events.filter(({ type }) => type === 'playback_truncated');
  const cancelled = all.filter(({ event }) => event.isCancelled);
  return {
    ...told,
    key,
    source: group[0].event.source,
    turnIds: [...new Set(events.map(({ turnId }) => turnId).filter((id) => id !== ''))].sort(),
    voice: events.map(({ voice }) => voice).find((voice) => voice !== '') ?? '',
    playedSample: leastOf(started),
    toldSample: leastOf(group),
    isToldAfter: group.every(({ event }) => event.type === 'tts_ended' || event.type === 'tts_words'),
    isCancelled: cancelled.length > 0,
    cancelledSample: leastOf(cancelled),
    audioMs: mostOf(events.map(({ metrics }) => (metrics['tts.audio_duration'] ?? NaN) * 1_000)),
    playedMs: mostOf(truncated.map(({ endMs }) => endMs ?? NaN)),
    isTruncated: truncated.length > 0,
  };
}

/**
 * Of what was asked for, what had been said at the end and the words as they came, the one with most to say: each may be told
 * in part only. Times come from wherever words have them.
 */
function toldOf(group: readonly Placed[]): ToldText | null {
  const tellings = [['tts_requested'], ['tts_ended'], ['playback_started'], ['tts_words', 'tts_first_audio']].flatMap(
    (types) => {
      const parts = group
        .filter(({ event }) => types.includes(event.type))
        .map(({ event }) => ({ event, told: toldBy(event) }));
      const told = parts
        .sort((a, b) => (a.told?.timedWords[0]?.startMs ?? 0) - (b.told?.timedWords[0]?.startMs ?? 0))
        .flatMap((part) => part.told ?? []);
      return told.length === 0 ? [] : [joinTexts(told)];
    },
  );
  if (tellings.length === 0) return null;
  const longest = tellings.reduce((most, each) => ((each.words ?? 0) > (most.words ?? 0) ? each : most));
  const timed = tellings.reduce((most, each) => (each.timedWords.length > most.timedWords.length ? each : most));
  const timedWords = [...timed.timedWords].sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  return { ...longest, timedWords };
}

function fromSpans(requests: readonly Request[], placeRequest: PlaceRequest): Synthesis[] {
  const spans = new Map(requests.filter(({ kind }) => kind === 'tts').map((request) => [request.spanId, request]));
  const isNested = (request: Request): boolean => {
    let parent = spans.get(request.parentSpanId);
    for (let depth = 0; parent !== undefined && depth < NESTED_MAX; depth++) {
      if (toldBySpan(parent) !== null) return true;
      parent = spans.get(parent.parentSpanId);
    }
    return false;
  };
  return [...spans.values()].flatMap((request) => {
    const told = toldBySpan(request);
    if (told === null || isNested(request)) return [];
    const { startSample } = placeRequest(request);
    const endSample = startSample === null ? null : startSample + samplesFromMs(request.durationMs);
    return {
      ...told,
      key: `span ${request.spanId}`,
      source: `${request.serviceName} spans`,
      turnIds: request.turnId === '' ? [] : [request.turnId],
      voice: request.voice,
      playedSample: null,
      toldSample: startSample,
      isToldAfter: false,
      isCancelled: request.isCancelled,
      cancelledSample: request.isCancelled ? endSample : null,
      audioMs: request.audioMs,
      playedMs: null,
      isTruncated: false,
    };
  });
}

function leastOf(placed: readonly Placed[]): number | null {
  const samples = placed.flatMap(({ sample }) => sample ?? []);
  return samples.length === 0 ? null : Math.min(...samples);
}

function mostOf(values: readonly number[]): number | null {
  const known = values.filter((value) => Number.isFinite(value) && value >= 0);
  return known.length === 0 ? null : Math.max(...known);
}
