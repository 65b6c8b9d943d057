/**
 * Twilio Media Streams, as Twilio sends them: a fork of both tracks, or the two directions of a bot's own stream relayed
 * to us (then the bot's audio is queued at Twilio and lands where Twilio plays it, and `clear` empties that queue).
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import type { CallMessage } from '../../core/audio/message.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { Channel } from '../../core/units/channel.ts';
import { InvalidInput } from '../../core/units/errors.ts';

export type TwilioEvent =
  | { readonly type: 'open'; readonly call: OpenCall }
  | { readonly type: 'message'; readonly message: CallMessage }
  | { readonly type: 'stop' };

export interface TwilioReader {
  /** Reads one text message. Unknown events are passed over: Twilio adds some from time to time. */
  read(text: string, nowMs: number): TwilioEvent[];
}

/** Media Streams are always mu-law at 8 kHz, mono, one message a track. */
const RATE_HZ = 8_000;
const SAMPLES_PER_MS = RATE_HZ / 1_000;
/** Timestamps are whole milliseconds of when a packet was handled; within this they only say what the chunk says. */
const SAME_PLACE_MS = 40;

interface TrackState {
  nextChunk: number;
  nextPosition: number;
}

type Json = Record<string, unknown>;

export function createTwilioReader(tenant: string): TwilioReader {
  const tracks: Record<Channel, TrackState> = {
    caller: { nextChunk: 1, nextPosition: 0 },
    agent: { nextChunk: 1, nextPosition: 0 },
  };
  let opened: OpenCall | null = null;

  function start(message: Json, nowMs: number): TwilioEvent[] {
    if (opened !== null) throw violation('one start a stream', 'a second one');
    opened = openCallOf(tenant, message, nowMs);
    return [{ type: 'open', call: opened }];
  }

  function media(message: Json, nowMs: number): TwilioEvent[] {
    if (opened === null) throw violation('start before media', 'media');
    const part = objectAt(message, 'media');
    const payload = payloadOf(part);
    if (part.track === undefined && opened.agentPlacement === 'playout') {
      return [audio('agent', tracks.caller.nextPosition, payload, nowMs)];
    }
    const channel = channelOf(part.track);
    return [audio(channel, placeOf(tracks[channel], part, payload.length), payload, nowMs)];
  }

  return {
    read(text, nowMs) {
      const message = parseObject(text);
      switch (message.event) {
        case 'start':
          return start(message, nowMs);
        case 'media':
          return media(message, nowMs);
        case 'clear':
          if (opened?.agentPlacement !== 'playout') return [];
          return [{ type: 'message', message: { type: 'clear', position: tracks.caller.nextPosition } }];
        case 'stop':
          return [{ type: 'stop' }];
        default:
          return [];
      }
    },
  };
}

/** Whether a socket's first message is Twilio's. */
export const isTwilio = (firstText: string): boolean => /^\s*\{\s*"event"\s*:/.test(firstText);

/**
 * Follows the chunk numbers as long as the timestamp agrees, so that rounding tears no holes; else the timestamp rules.
 * A chunk from the past gets the place its number says, counted back by its own length.
 */
function placeOf(track: TrackState, part: Json, samples: number): number {
  const chunk = integerAt(part, 'chunk');
  const stamped = integerAt(part, 'timestamp') * SAMPLES_PER_MS;
  const counted = track.nextPosition + (chunk - track.nextChunk) * samples;
  const agrees = Math.abs(counted - stamped) <= SAME_PLACE_MS * SAMPLES_PER_MS;
  const position = agrees && counted >= 0 ? counted : stamped;
  if (chunk >= track.nextChunk) {
    track.nextChunk = chunk + 1;
    track.nextPosition = position + samples;
  }
  return position;
}

const audio = (lane: Channel, position: number, payload: Uint8Array, arrivedAtMs: number): TwilioEvent => ({
  type: 'message',
  message: { type: 'audio', lane, position, payload, arrivedAtMs },
});

function openCallOf(tenant: string, message: Json, startedAtMs: number): OpenCall {
  const start = objectAt(message, 'start');
  const format = objectAt(start, 'mediaFormat');
  if (format.encoding !== 'audio/x-mulaw' || Number(format.sampleRate) !== RATE_HZ || Number(format.channels) !== 1) {
    throw new InvalidInput('encoding_unsupported', {
      expected: 'mediaFormat audio/x-mulaw, 8000 Hz, 1 channel',
      got: JSON.stringify(format).slice(0, 100),
    });
  }
  const parameters = (start.customParameters ?? {}) as Record<string, string>;
  return {
    tenant,
    callId: textAt(start, 'callSid'),
    protocol: 'twilio',
    startedAtMs,
    encoding: 'mulaw',
    rateHz: RATE_HZ,
    layout: 'separate',
    channelOrder: ['caller', 'agent'],
    agentPlacement: placementOf(start.tracks, parameters),
    tap: 'sent',
    agentVersion: String(parameters.agent_version ?? ''),
    traceId: String(parameters.trace_id ?? ''),
    labels: labelsOf(parameters),
    providerIds: {
      callSid: textAt(start, 'callSid'),
      streamSid: textOr(start.streamSid ?? message.streamSid, ''),
      accountSid: textOr(start.accountSid, ''),
    },
  };
}

/** A stream of the caller only is of use to us only when the bot relays what it sends as well. */
function placementOf(tracks: unknown, parameters: Record<string, string>): OpenCall['agentPlacement'] {
  const names = Array.isArray(tracks) ? tracks.map(String) : [];
  if (names.includes('inbound') && names.includes('outbound')) return 'media';
  if (parameters.relay === 'both') return 'playout';
  throw new InvalidInput('channels_unsupported', {
    expected: 'both tracks (<Stream track="both_tracks">), or the parameter relay=both if the bot relays what it sends',
    got: `tracks ${JSON.stringify(names)}`,
  });
}

function labelsOf(parameters: Record<string, string>): Record<string, string> {
  const labels = Object.entries(parameters).filter(([name]) => name.startsWith('label.'));
  return Object.fromEntries(labels.map(([name, value]) => [name.slice('label.'.length), String(value)]));
}

function channelOf(track: unknown): Channel {
  if (track === 'inbound') return 'caller';
  if (track === 'outbound') return 'agent';
  throw malformed('media.track inbound or outbound', JSON.stringify(track) ?? 'nothing');
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function payloadOf(part: Json): Uint8Array {
  const text = textAt(part, 'payload');
  if (!BASE64.test(text) || text.length % 4 !== 0) throw malformed('media.payload in base64', text.slice(0, 40));
  const payload = Buffer.from(text, 'base64');
  if (payload.length === 0) throw malformed('media.payload with audio', 'none');
  return payload;
}

function parseObject(text: string): Json {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw malformed('a JSON object', text.slice(0, 80));
}

function objectAt(parent: Json, name: string): Json {
  const value = parent[name];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw malformed(`an object ${name}`, JSON.stringify(value)?.slice(0, 80) ?? 'nothing');
}

function textAt(parent: Json, name: string): string {
  const value = parent[name];
  if (typeof value === 'string' && value !== '') return value;
  throw malformed(`a text ${name}`, JSON.stringify(value)?.slice(0, 80) ?? 'nothing');
}

const textOr = (value: unknown, fallback: string): string => (typeof value === 'string' ? value : fallback);

/** Twilio writes its numbers as strings. */
function integerAt(parent: Json, name: string): number {
  const value = Number(parent[name] ?? Number.NaN);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(`a whole number ${name}`, JSON.stringify(parent[name])?.slice(0, 80) ?? 'nothing');
}

const malformed = (expected: string, got: string): InvalidInput =>
  new InvalidInput('message_invalid', { expected, got });
const violation = (expected: string, got: string): InvalidInput =>
  new InvalidInput('protocol_violation', { expected, got });
