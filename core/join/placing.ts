/** Puts events and requests on the call's timeline: by media time where that is what they speak of, else by when they were told. */
import { CALL_CLOCK, type SpeechEvent } from '../events/speechEvent.ts';
import type { Request } from '../spans/request.ts';
import { asSampleIndex, SAMPLES_PER_MS, samplesFromMs, type SampleIndex } from '../units/time.ts';
import { rounded } from '../units/weightedMean.ts';
import { onEarshotsClock, type Clocks } from './clocks.ts';
import type { Place } from './joined.ts';
import type { JoinInput } from './joinInput.ts';
import { endOf } from './moments.ts';
import { mediaSpan, streamKey, streamsOf, type StreamOffset } from './streams.ts';
import type { WallClock } from './wallClock.ts';

export interface Told {
  readonly sample: SampleIndex;
  /** `received`: the delivery is in it. */
  readonly by: 'clock' | 'media' | 'received';
}

export interface MediaPlace {
  readonly startSample: SampleIndex;
  readonly endSample: SampleIndex | null;
}

export interface Placing {
  /** When the reporter told it; null where its clock could not be aligned. */
  readonly told: (event: SpeechEvent) => Told | null;
  /** A time of the request's clock. */
  readonly at: (request: Request, wallMs: number) => SampleIndex | null;
  /** The audio that the event speaks of; null where it tells none or its stream could not be placed. */
  readonly media: (event: SpeechEvent) => MediaPlace | null;
  readonly ofEvent: (event: SpeechEvent) => Place;
  readonly ofRequest: (request: Request) => Place;
}

export const NOWHERE: Place = { startSample: null, endSample: null, correctionMs: 0, placedBy: '' };

/** A time that is a week from the call is of no clock: the year 1970, or seconds taken for ms. */
const SAMPLES_MAX = samplesFromMs(7 * 86_400_000);

/** What these tell is about a stretch of audio; when they were told is the service's delay. */
const OF_AUDIO: ReadonlySet<SpeechEvent['type']> = new Set([
  'speech_started',
  'speech_stopped',
  'stt_interim',
  'stt_final',
  'stt_utterance_end',
  'tts_words',
]);

export function placing(input: JoinInput, wall: WallClock, clocks: Clocks): Placing {
  const sampleAt = (earshotMs: number): SampleIndex | null => {
    const sample = Math.round(wall.samplesAt(earshotMs));
    return Math.abs(sample) <= SAMPLES_MAX ? asSampleIndex(sample) : null;
  };

  /** ms since the call's start, on Earshot's clock. */
  function earshotMs(clockId: string, wallMs: number): number | null {
    const clock = clocks.get(clockId);
    if (clock === undefined || clock.basis === 'ambiguous') return null;
    return onEarshotsClock(clock, wallMs - wall.originMs);
  }

  function at({ clock }: Request, wallMs: number): SampleIndex | null {
    const ms = earshotMs(clock, wallMs);
    return ms === null ? null : sampleAt(ms);
  }

  function told({ clock, startMs, occurredAtMs, receivedAtMs }: SpeechEvent): Told | null {
    if (clock === CALL_CLOCK && startMs !== null) {
      return { sample: asSampleIndex(samplesFromMs(startMs)), by: 'media' };
    }
    const ms = occurredAtMs === null ? receivedAtMs - wall.originMs : earshotMs(clock, occurredAtMs);
    const sample = ms === null ? null : sampleAt(ms);
    return sample === null ? null : { sample, by: occurredAtMs === null ? 'received' : 'clock' };
  }

  const streams = streamsOf(input, (event) => {
    const at = told(event);
    return at === null ? null : at.sample / SAMPLES_PER_MS;
  });
  const onTimeline = ({ offsetMs, driftPpm }: StreamOffset, mediaMs: number): SampleIndex =>
    asSampleIndex(Math.round(((mediaMs - offsetMs) / (1 + driftPpm / 1e6)) * SAMPLES_PER_MS));

  function media(event: SpeechEvent): MediaPlace | null {
    const span = mediaSpan(event);
    const stream = streams.get(streamKey(event)) ?? null;
    if (span === null || stream === null) return null;
    const startSample = onTimeline(stream, span.startMs);
    const endSample = span.endMs === null ? null : onTimeline(stream, span.endMs);
    return Math.abs(startSample) <= SAMPLES_MAX ? { startSample, endSample } : null;
  }

  function byMedia(event: SpeechEvent): Place | null {
    const span = media(event);
    const startMs = mediaSpan(event)?.startMs ?? null;
    if (span === null || startMs === null) return null;
    return { ...span, correctionMs: inMs(startMs - span.startSample / SAMPLES_PER_MS), placedBy: 'media' };
  }

  function byTold(event: SpeechEvent): Place | null {
    const { clock, occurredAtMs } = event;
    const moment = told(event);
    if (moment === null) return null;
    const ms = occurredAtMs === null ? null : earshotMs(clock, occurredAtMs);
    const correctionMs = occurredAtMs === null || ms === null ? 0 : inMs(occurredAtMs - wall.originMs - ms);
    return { startSample: moment.sample, endSample: null, correctionMs, placedBy: moment.by };
  }

  function ofEvent(event: SpeechEvent): Place {
    if (OF_AUDIO.has(event.type)) return byMedia(event) ?? byTold(event) ?? NOWHERE;
    return byTold(event) ?? byMedia(event) ?? NOWHERE;
  }

  function ofRequest(request: Request): Place {
    const ms = earshotMs(request.clock, request.startMs);
    const startSample = ms === null ? null : sampleAt(ms);
    if (ms === null || startSample === null) return NOWHERE;
    return {
      startSample,
      endSample: at(request, endOf(request)),
      correctionMs: inMs(request.startMs - wall.originMs - ms),
      placedBy: 'clock',
    };
  }

  return { told, at, media, ofEvent, ofRequest };
}

const inMs = (ms: number): number => rounded(ms, 1000) ?? 0;
