/**
 * What speech services and voice frameworks report about a call, in one shape: recognised and synthesised speech, decisions
 * about turns, playback. Mappers make it of each service's own messages; protos/earshot/v1/events.proto is its wire form.
 */
import type { Channel } from '../units/channel.ts';

export const EVENT_TYPES = [
  'speech_started',
  'speech_stopped',
  'stt_interim',
  'stt_final',
  'stt_utterance_end',
  'turn_started',
  'turn_eager_end',
  'turn_resumed',
  'turn_ended',
  'tts_requested',
  'tts_first_audio',
  'tts_words',
  'tts_ended',
  'playback_started',
  'playback_stopped',
  'playback_truncated',
  'playback_mark',
  'interruption',
  'false_interruption',
  'overlap',
  'backchannel',
  'llm_requested',
  'llm_first_token',
  'llm_ended',
  'tool_call',
  'metrics',
  'state',
  'error',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Seconds, by canonical name: each service's own names are mapped to these. Others may be there too. */
export type EventMetric =
  | 'llm.ttft'
  | 'llm.duration'
  | 'tts.ttfb'
  | 'tts.duration'
  | 'tts.audio_duration'
  | 'stt.transcription_delay'
  | 'turn.eou_delay'
  | 'turn.reported_latency';

/** A word on the same clock as its event's `startMs`. */
export interface Word {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly confidence: number | null;
}

/** The clock of events whose moment is `startMs` on the call's own timeline: nothing has to be estimated. */
export const CALL_CLOCK = 'call';

export interface SpeechEvent {
  /** Stable: an event that is sent twice is one. */
  readonly id: string;
  readonly tenant: string;
  /** The call's id, or one of the provider's own names of it (callSid, room ...). */
  readonly callKey: string;
  readonly type: EventType;
  /** Whose speech it is about; '' where that is not known or makes no sense. */
  readonly role: Channel | '';
  /** Who reports: deepgram, livekit-agents, pipecat, vapi ... */
  readonly source: string;
  /** Whose clock `occurredAtMs` is on; reporters on one machine may share one. The source unless it says otherwise. */
  readonly clock: string;
  /** Unix ms on that clock; fractions are kept. Null: it says nothing of wall time. */
  readonly occurredAtMs: number | null;
  /** Unix ms on Earshot's clock: when it came. */
  readonly receivedAtMs: number;
  /** The audio that `startMs` counts in, for services that have streams of their own; '' for the call's own. */
  readonly streamId: string;
  /** Media time in ms of that audio; null where the service gives none. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly text: string;
  readonly confidence: number | null;
  readonly language: string;
  readonly words: readonly Word[];
  readonly turnId: string;
  readonly turnIndex: number | null;
  readonly segmentId: string;
  readonly requestId: string;
  readonly itemId: string;
  readonly provider: string;
  readonly model: string;
  readonly voice: string;
  readonly traceId: string;
  readonly spanId: string;
  /** The request that this is about was given up before it was through. */
  readonly isCancelled: boolean;
  readonly metrics: Readonly<Record<string, number>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a mapper says of an event; who calls it knows the rest. */
export type ReportedEvent = Partial<Omit<SpeechEvent, 'tenant' | 'callKey' | 'receivedAtMs'>> & {
  readonly type: EventType;
  readonly callKey?: string;
};
