/** Moments by which clocks are aligned: what was heard to begin and end, and what each clock tells of the same. */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { Request } from '../spans/request.ts';
import type { Channel } from '../units/channel.ts';
import { SAMPLES_PER_MS } from '../units/time.ts';
import type { HeardSpeech, JoinInput } from './joinInput.ts';
import type { Moment } from './searchField.ts';
import type { WallClock } from './wallClock.ts';

/** Speech of one side; what its owner would call one utterance is cut by pauses shorter than this. */
const PAUSE_MS = 500;

export interface Stretch {
  readonly startSample: number;
  readonly endSample: number;
}

/** What one clock tells. Times are ms since the call's start, on that clock. */
export interface ToldMoments {
  /** The speaking of the caller as its framework back-dates it: no playback lies between it and what was heard. */
  readonly caller: readonly Moment[];
  readonly agentStarts: readonly Moment[];
  readonly agentStops: readonly Moment[];
  /** Decisions that follow a caller's end, and first audio that precedes an agent's onset: near, by an unknown delay. */
  readonly decided: readonly Moment[];
  readonly ready: readonly Moment[];
}

export function stretchesOf(speech: readonly HeardSpeech[], channel: Channel): Stretch[] {
  const own = speech.filter((run) => run.channel === channel);
  own.sort((a, b) => a.startSample - b.startSample || a.endSample - b.endSample);
  const stretches: { startSample: number; endSample: number }[] = [];
  for (const { startSample, endSample } of own) {
    const last = stretches.at(-1);
    if (last !== undefined && startSample - last.endSample < PAUSE_MS * SAMPLES_PER_MS) {
      last.endSample = Math.max(last.endSample, endSample);
    } else stretches.push({ startSample, endSample });
  }
  return stretches;
}

/** In wall time of Earshot's clock since the call's start. */
export function heardMoments({ speech }: JoinInput, wall: WallClock): Moment[] {
  return (['agent', 'caller'] as const).flatMap((channel) =>
    stretchesOf(speech, channel).flatMap(({ startSample, endSample }): Moment[] => [
      { kind: `${channel}_start`, atMs: wall.wallAt(startSample) },
      { kind: `${channel}_stop`, atMs: wall.wallAt(endSample) },
    ]),
  );
}

export function toldMoments(
  events: readonly SpeechEvent[],
  requests: readonly Request[],
  originMs: number,
): ToldMoments {
  const ofEvents = (kind: Moment['kind'], wanted: (event: SpeechEvent) => boolean): Moment[] =>
    events.flatMap((event) =>
      event.occurredAtMs !== null && wanted(event) ? [{ kind, atMs: event.occurredAtMs - originMs }] : [],
    );
  const ofRequests = (kind: Moment['kind'], timeOf: (request: Request) => number | null): Moment[] =>
    requests.flatMap((request) => {
      const time = timeOf(request);
      return time === null ? [] : [{ kind, atMs: time - originMs }];
    });
  const speaking = (role: Channel) => (request: Request) => request.kind === 'speaking' && request.role === role;
  const starts = (role: Channel) => (request: Request) => (speaking(role)(request) ? request.startMs : null);
  const ends = (role: Channel) => (request: Request) => (speaking(role)(request) ? endOf(request) : null);
  return {
    caller: [...ofRequests('caller_start', starts('caller')), ...ofRequests('caller_stop', ends('caller'))],
    agentStarts: [
      ...ofEvents('agent_start', ({ type, role }) => type === 'playback_started' && role !== 'caller'),
      ...ofRequests('agent_start', starts('agent')),
    ],
    agentStops: [
      ...ofEvents('agent_stop', ({ type, role }) => type === 'playback_stopped' && role !== 'caller'),
      ...ofRequests('agent_stop', ends('agent')),
    ],
    decided: [
      ...ofEvents(
        'caller_stop',
        ({ type, role }) => (type === 'turn_ended' || type === 'speech_stopped') && role !== 'agent',
      ),
      ...ofRequests('caller_stop', (request) => (request.kind === 'end_of_turn' ? endOf(request) : null)),
    ],
    ready: [
      ...ofEvents('agent_start', ({ type, isCancelled }) => type === 'tts_first_audio' && !isCancelled),
      ...ofRequests('agent_start', (request) => (isSpoken(request) ? request.startMs + request.timeToFirstMs : null)),
    ],
  };
}

export const endOf = ({ startMs, durationMs }: Request): number => startMs + durationMs;

const isSpoken = (request: Request): request is Request & { readonly timeToFirstMs: number } =>
  request.kind === 'tts' && request.timeToFirstMs !== null && !request.isCancelled;
