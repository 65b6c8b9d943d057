/**
 * Where the audio that a recogniser or a synthesiser counts in lies in the call. A recogniser's stream runs beside the call:
 * its words are aligned to the speech that was heard, as clocks are. A synthesiser counts anew with each utterance: that is
 * put where the agent was heard to begin after its first audio came, or where the utterance before it ends.
 */
import type { SpeechEvent } from '../events/speechEvent.ts';
import { SAMPLES_PER_MS } from '../units/time.ts';
import { leastOf, mostOf } from './extremes.ts';
import type { JoinInput } from './joinInput.ts';
import { stretchesOf, type Stretch } from './moments.ts';
import { findOffset } from './offsets.ts';
import type { Moment } from './searchField.ts';

/** Media time = timeline + offsetMs + driftPpm / 1e6 x timeline. */
export interface StreamOffset {
  readonly offsetMs: number;
  readonly driftPpm: number;
}

/** By stream or utterance; null where it cannot be placed. */
export type Streams = ReadonlyMap<string, StreamOffset | null>;

/** When an event was told, in ms of the timeline; null where its clock could not be aligned. */
export type ToldMs = (event: SpeechEvent) => number | null;

/** What is recognised is told this long after it was said. */
const LAG_MS = { usual: 500, max: 4_000, min: -250 };
/** From the first audio of an utterance to where it is heard; words may also be told a little after their onset. */
const PLAYOUT_MS = { min: -1_500, max: 3_000 };
/** A pause between two utterances that follow one another. */
const BETWEEN_MS = 700;
const OWN: StreamOffset = { offsetMs: 0, driftPpm: 0 };

const isSynthesis = ({ type }: SpeechEvent): boolean => type.startsWith('tts_');

/** '' for the call's own audio. */
export function streamKey(event: SpeechEvent): string {
  const { source, streamId, segmentId, requestId, turnId } = event;
  if (streamId === '') return '';
  const utterance = isSynthesis(event) ? segmentId || requestId || turnId : '';
  return JSON.stringify([source, isSynthesis(event), streamId, utterance]);
}

/** Media times of the first and last that an event speaks of; words are sharper than the window that was searched. */
export function mediaSpan({ words, startMs, endMs }: SpeechEvent): { startMs: number; endMs: number | null } | null {
  if (words.length > 0) {
    return {
      startMs: leastOf(words.map((word) => word.startMs)),
      endMs: mostOf(words.map((word) => word.endMs)),
    };
  }
  return startMs === null ? null : { startMs, endMs };
}

export function streamsOf(input: JoinInput, toldMs: ToldMs): Streams {
  const byStream = new Map<string, SpeechEvent[]>();
  for (const event of input.events) {
    const key = streamKey(event);
    if (key === '') continue;
    const known = byStream.get(key);
    if (known === undefined) byStream.set(key, [event]);
    else known.push(event);
  }
  const heard = heardOnTimeline(input);
  const utterances = new Map<string, SpeechEvent[]>();
  const places = new Map<string, StreamOffset | null>([['', OWN]]);
  for (const [key, events] of byStream) {
    if (isSynthesis(events[0])) utterances.set(key, events);
    else places.set(key, recognised(events, heard, toldMs));
  }
  for (const [key, offset] of synthesised(utterances, stretchesOf(input.speech, 'agent'), toldMs))
    places.set(key, offset);
  return places;
}

const heardOnTimeline = ({ speech }: JoinInput): Moment[] =>
  (['agent', 'caller'] as const).flatMap((channel) =>
    stretchesOf(speech, channel).flatMap(({ startSample, endSample }): Moment[] => [
      { kind: `${channel}_start`, atMs: startSample / SAMPLES_PER_MS },
      { kind: `${channel}_stop`, atMs: endSample / SAMPLES_PER_MS },
    ]),
  );

function recognised(events: readonly SpeechEvent[], heard: readonly Moment[], toldMs: ToldMs): StreamOffset | null {
  const leads = events
    .flatMap((event) => {
      const media = mediaSpan(event);
      const told = toldMs(event);
      return media === null || told === null ? [] : [(media.endMs ?? media.startMs) - told];
    })
    .sort((a, b) => a - b);
  const offsetMsMin = leads.length === 0 ? -Infinity : leads[Math.ceil(leads.length * 0.95) - 1] + LAG_MS.min;
  const middleMs = leads.length === 0 ? 0 : leads[leads.length >> 1] + LAG_MS.usual;
  const verdict = findOffset({ told: toldOf(events), heard, expectedMs: [0, middleMs], offsetMsMin });
  if (verdict.basis === 'estimated') return { offsetMs: verdict.fit.offsetMs, driftPpm: verdict.fit.driftPpm };
  const lagMs = LAG_MS.usual - middleMs;
  return verdict.basis === 'unknown' && offsetMsMin <= 0 && lagMs <= LAG_MS.max ? OWN : null;
}

/** Words are sharper than windows and than detectors, so the others count only where there are none. */
function toldOf(events: readonly SpeechEvent[]): Moment[] {
  const finals = events.filter(({ type }) => type === 'stt_final');
  const worded = finals.filter(({ words }) => words.length > 0);
  const used = worded.length > 0 ? worded : finals.length > 0 ? finals : events;
  return used.flatMap((event): Moment[] => {
    const media = mediaSpan(event);
    const side = event.role === 'agent' ? 'agent' : 'caller';
    if (media === null) return [];
    if (event.type === 'speech_stopped') return [{ kind: `${side}_stop`, atMs: media.startMs }];
    const start: Moment = { kind: `${side}_start`, atMs: media.startMs };
    return media.endMs === null ? [start] : [start, { kind: `${side}_stop`, atMs: media.endMs }];
  });
}

interface Utterance {
  readonly key: string;
  readonly toldMs: number;
  readonly firstMs: number;
  readonly lengthMs: number;
}

function synthesised(
  streams: ReadonlyMap<string, readonly SpeechEvent[]>,
  heard: readonly Stretch[],
  toldMs: ToldMs,
): Map<string, StreamOffset | null> {
  const utterances = [...streams].flatMap(([key, events]) => utteranceOf(key, events, toldMs) ?? []);
  utterances.sort((a, b) => a.toldMs - b.toldMs || (a.key < b.key ? -1 : 1));
  const onsets = heard.map(({ startSample }) => startSample / SAMPLES_PER_MS);
  const places = new Map<string, StreamOffset | null>([...streams.keys()].map((key) => [key, null]));
  let next = 0;
  let spokenUntilMs = -Infinity;
  for (const { key, toldMs: told, firstMs, lengthMs } of utterances) {
    while (next < onsets.length && onsets[next] < told + PLAYOUT_MS.min) next++;
    const onsetMs = next < onsets.length && onsets[next] <= told + PLAYOUT_MS.max ? onsets[next] : null;
    const isQueued = spokenUntilMs >= told && (onsetMs === null || onsetMs > spokenUntilMs + BETWEEN_MS);
    const placeMs = isQueued ? spokenUntilMs : onsetMs;
    if (placeMs === null) continue;
    if (!isQueued) next++;
    places.set(key, { offsetMs: firstMs - placeMs, driftPpm: 0 });
    spokenUntilMs = placeMs + lengthMs;
  }
  return places;
}

function utteranceOf(key: string, events: readonly SpeechEvent[], toldMs: ToldMs): Utterance | null {
  const told = events.flatMap((event) => (event.type === 'tts_requested' ? [] : (toldMs(event) ?? [])));
  const spans = events.flatMap((event) => mediaSpan(event) ?? []);
  if (told.length === 0 || spans.length === 0) return null;
  const firstMs = leastOf(spans.map(({ startMs }) => startMs));
  const lastMs = mostOf(spans.map(({ startMs, endMs }) => endMs ?? startMs));
  return { key, toldMs: leastOf(told), firstMs, lengthMs: lastMs - firstMs };
}
