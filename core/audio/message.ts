/** What a call is made of on its way from ingest to analyze: the messages of one call's log, in order. */
import type { Channel } from '../units/channel.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { OpenCall } from '../facts/openCall.ts';
import type { EndReason, GapReason } from '../facts/facts.ts';

/** The call is opened: first of all, and again by whoever of ingest its sender comes to later. */
export interface OpenMessage {
  readonly type: 'open';
  readonly call: OpenCall;
  /** When the sender made its connection, by its own clock; 0: not told. What an earlier connection opened is no news. */
  readonly connectedAtMs: number;
}

/** Coded audio as it came. Positions count samples per channel at the stream's own rate from the call's start. */
export interface AudioMessage {
  readonly type: 'audio';
  /** `both`: interleaved. Else the one channel that the payload holds. */
  readonly lane: Channel | 'both';
  /** Media position of the first sample, at the stream's rate. For an agent placed by playout: when it was queued. */
  readonly position: number;
  readonly payload: Uint8Array;
  /** Wall time (Unix ms) of arrival; it feeds the estimate of the wall clock and nothing else. */
  readonly arrivedAtMs: number;
}

/** Ingest's decision, taken on its clock, that a channel is not waited for before this position: what lacks is a gap. */
export interface AdvanceMessage {
  readonly type: 'advance';
  readonly channel: Channel;
  readonly position: number;
  readonly reason: GapReason;
}

/** The player of an agent placed by playout threw away what it had not yet played at this position. */
export interface ClearMessage {
  readonly type: 'clear';
  readonly position: number;
}

/** What the sender of the audio reports on the way: no part of hearing, but durable in the order of the log. */
export interface ReportMessage {
  readonly type: 'report';
  readonly events: readonly SpeechEvent[];
}

export type CallMessage =
  | OpenMessage
  | AudioMessage
  | AdvanceMessage
  | ClearMessage
  | ReportMessage
  | { readonly type: 'close'; readonly reason: EndReason; readonly errorCode: string; readonly errorText: string };

/** About how much memory a message takes while it waits. */
export function messageBytes(message: CallMessage): number {
  const ENVELOPE_BYTES = 200;
  if (message.type === 'audio') return ENVELOPE_BYTES + message.payload.byteLength;
  if (message.type === 'report') return ENVELOPE_BYTES + JSON.stringify(message.events).length;
  return ENVELOPE_BYTES;
}
