/**
 * Twilio Media Streams, as Twilio sends them: a fork of both tracks, or the two directions of a bot's own stream relayed
 * to us (then the bot's audio is queued at Twilio and lands where Twilio plays it, and `clear` empties that queue).
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import type { AudioMessage, ClearMessage } from '../../core/audio/message.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { Channel } from '../../core/units/channel.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { describe } from '../../core/units/describe.ts';

export type TwilioEvent =
  { readonly type: 'open'; readonly call: OpenCall } | AudioMessage | ClearMessage | { readonly type: 'stop' };

export interface TwilioReader {
  /** Reads one text message; null for one that says nothing of the audio. Throws InvalidInput. */
  read(text: string, nowMs: number): TwilioEvent | null;
}

/** Media Streams are always mu-law at 8 kHz, mono, one message a track. */
const RATE_HZ = 8_000;
const SAMPLES_PER_MS = RATE_HZ / 1_000;

type Json = Readonly<Record<string, unknown>>;

export function createTwilioReader(tenant: string): TwilioReader {
  const tracks: Record<Channel, Track> = { caller: newTrack(), agent: newTrack() };
  let opened: OpenCall | null = null;

  function start(message: Json, nowMs: number): TwilioEvent {
    if (opened !== null) throw violation('one start a stream', 'a second one');
    opened = openCallOf(tenant, message, nowMs);
    return { type: 'open', call: opened };
  }

  function media(message: Json, nowMs: number): TwilioEvent {
    if (opened === null) throw violation('start before media', 'media');
    const part = objectAt(message, 'media');
    const payload = payloadOf(part);
    const audio = (lane: Channel, position: number): AudioMessage => ({
      type: 'audio',
      lane,
      position,
      payload,
      arrivedAtMs: nowMs,
    });
    // What a bot sends names no track: it is queued behind all that was sent before, from the caller's now on.
    if (part.track === undefined && opened.agentPlacement === 'playout') {
      return audio('agent', tracks.caller.nextPosition);
    }
    const channel = channelOf(part.track);
    const stamped = integerAt(part, 'timestamp') * SAMPLES_PER_MS;
    return audio(channel, placeOf(tracks[channel], integerAt(part, 'chunk'), stamped, payload.length));
  }

  return {
    read(text, nowMs) {
      const message = parseObject(text);
      switch (textAt(message, 'event')) {
        case 'start':
          return start(message, nowMs);
        case 'media':
          return media(message, nowMs);
        case 'clear':
          return opened?.agentPlacement === 'playout' ? { type: 'clear', position: tracks.caller.nextPosition } : null;
        case 'stop':
          return { type: 'stop' };
        default:
          // connected, dtmf, mark, and whatever Twilio may add.
          return null;
      }
    },
  };
}

/** Whether a socket's first message is Twilio's. */
export function isTwilio(firstText: string): boolean {
  try {
    const value = JSON.parse(firstText) as { event?: unknown } | null;
    return typeof value?.event === 'string';
  } catch {
    return false;
  }
}

/** How far a track has come, and where its last chunks lie. */
interface Track {
  nextChunk: number;
  nextPosition: number;
  readonly recent: { readonly chunk: number; readonly position: number }[];
}

const newTrack = (): Track => ({ nextChunk: 1, nextPosition: 0, recent: [] });

/** Timestamps are whole milliseconds of when a packet was handled; within this they only say what the chunk says. */
const SAME_PLACE_SAMPLES = 40 * SAMPLES_PER_MS;
/** A chunk comes late by a few places at most; 640 ms of chunks are more than is held for it downstream. */
const RECENT_MAX = 32;

/**
 * Follows the chunk numbers as long as the timestamp agrees, so that rounding tears no holes; else the timestamp rules.
 * A chunk that comes late lies in front of the next one that had come.
 */
function placeOf(track: Track, chunk: number, stamped: number, samples: number): number {
  const isNew = chunk >= track.nextChunk;
  const follower = isNew
    ? { chunk: track.nextChunk, position: track.nextPosition }
    : track.recent.find((placed) => placed.chunk >= chunk);
  const counted = follower === undefined ? stamped : follower.position + (chunk - follower.chunk) * samples;
  const agrees = counted >= 0 && Math.abs(counted - stamped) <= SAME_PLACE_SAMPLES;
  const position = agrees ? counted : stamped;
  if (isNew) {
    track.nextChunk = chunk + 1;
    track.nextPosition = position + samples;
    track.recent.push({ chunk, position });
    if (track.recent.length > RECENT_MAX) track.recent.shift();
  }
  return position;
}

function openCallOf(tenant: string, message: Json, startedAtMs: number): OpenCall {
  const start = objectAt(message, 'start');
  checkFormat(objectAt(start, 'mediaFormat'));
  const parameters = parametersOf(start.customParameters);
  const callSid = textAt(start, 'callSid');
  return {
    tenant,
    callId: callSid,
    protocol: 'twilio',
    startedAtMs,
    encoding: 'mulaw',
    rateHz: RATE_HZ,
    layout: 'separate',
    channelOrder: ['caller', 'agent'],
    agentPlacement: placementOf(start.tracks, parameters.relay),
    tap: 'sent',
    agentVersion: parameters.agent_version ?? '',
    traceId: (parameters.trace_id ?? '').toLowerCase(),
    labels: labelsOf(parameters),
    providerIds: {
      callSid,
      streamSid: textOr(start.streamSid ?? message.streamSid, ''),
      accountSid: textOr(start.accountSid, ''),
    },
  };
}

function checkFormat({ encoding, sampleRate, channels }: Json): void {
  if (encoding !== 'audio/x-mulaw') {
    throw new InvalidInput('encoding_unsupported', {
      expected: 'mediaFormat.encoding audio/x-mulaw',
      got: describe(encoding),
    });
  }
  if (numberOf(sampleRate) !== RATE_HZ) {
    throw new InvalidInput('rate_unsupported', {
      expected: `mediaFormat.sampleRate ${RATE_HZ}`,
      got: describe(sampleRate),
    });
  }
  if (numberOf(channels) !== 1) {
    throw new InvalidInput('channels_unsupported', {
      expected: 'mediaFormat.channels 1, each track in its own messages',
      got: describe(channels),
    });
  }
}

/** A stream of the caller only is of use to us only when the bot relays what it sends as well. */
function placementOf(tracks: unknown, relay: string | undefined): OpenCall['agentPlacement'] {
  const names: readonly unknown[] = Array.isArray(tracks) ? tracks : [];
  if (names.includes('inbound') && names.includes('outbound')) return 'media';
  if (names.includes('inbound') && relay === 'both') return 'playout';
  throw new InvalidInput('channels_unsupported', {
    expected:
      'both sides, for turn-taking is measured between them: <Stream track="both_tracks">, or the parameter ' +
      'relay=both where a bot relays what it receives and what it sends',
    got: `tracks ${describe(tracks)}`,
  });
}

/** Twilio lets users send any names and texts of up to 500 characters along. */
function parametersOf(value: unknown): Readonly<Record<string, string | undefined>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, textOr(text, '')]));
}

const LABEL = 'label.';

function labelsOf(parameters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const labels = Object.entries(parameters).filter(([name]) => name.startsWith(LABEL));
  return Object.fromEntries(labels.map(([name, text]) => [name.slice(LABEL.length), text ?? '']));
}

function channelOf(track: unknown): Channel {
  if (track === 'inbound') return 'caller';
  if (track === 'outbound') return 'agent';
  throw malformed('media.track inbound or outbound', describe(track));
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function payloadOf(part: Json): Uint8Array {
  const text = textAt(part, 'payload');
  if (!BASE64.test(text) || text.length % 4 !== 0) throw malformed('media.payload in base64', describe(text));
  const payload = Buffer.from(text, 'base64');
  if (payload.length === 0) throw malformed('media.payload with audio', 'none');
  return payload;
}

function parseObject(text: string): Json {
  try {
    const value = JSON.parse(text) as unknown;
    if (isObject(value)) return value;
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw malformed('a JSON object', describe(text));
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function objectAt(parent: Json, name: string): Json {
  const value = parent[name];
  if (isObject(value)) return value;
  throw malformed(`an object ${name}`, describe(value));
}

function textAt(parent: Json, name: string): string {
  const value = parent[name];
  if (typeof value === 'string' && value !== '') return value;
  throw malformed(`a text ${name}`, describe(value));
}

const textOr = (value: unknown, fallback: string): string => (typeof value === 'string' ? value : fallback);

/** Twilio writes its numbers as strings, mostly. */
const numberOf = (value: unknown): number =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' ? Number(value) : Number.NaN;

function integerAt(parent: Json, name: string): number {
  const value = numberOf(parent[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(`a whole number ${name}`, describe(parent[name]));
}

const malformed = (expected: string, got: string): InvalidInput =>
  new InvalidInput('message_invalid', { expected, got });
const violation = (expected: string, got: string): InvalidInput =>
  new InvalidInput('protocol_violation', { expected, got });
