/**
 * Earshot's own WebSocket protocol, version 1: messages to and from bytes, without any socket. docs/protocol.md tells it
 * to people who write a client in another language.
 */
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { ENCODINGS, STREAM_RATES_HZ, TAPS, type Encoding, type OpenCall } from '../../core/facts/openCall.ts';
import type { Channel } from '../../core/units/channel.ts';
import { InvalidInput } from '../../core/units/errors.ts';

const NAME = { minLength: 1, maxLength: 200 };
const Labels = Type.Record(Type.String(NAME), Type.String({ maxLength: 1_000 }), { maxProperties: 50 });

const HelloSchema = Type.Object(
  {
    type: Type.Literal('hello'),
    version: Type.Literal(1),
    tenant: Type.Optional(Type.String(NAME)),
    callId: Type.String(NAME),
    channels: Type.Optional(Type.Array(Type.String())),
    encoding: Type.String(),
    rateHz: Type.Number(),
    layout: Type.Union([Type.Literal('interleaved'), Type.Literal('separate')]),
    agentPlacement: Type.Optional(Type.Union([Type.Literal('media'), Type.Literal('playout')])),
    tap: Type.Optional(Type.Union(TAPS.map((tap) => Type.Literal(tap)))),
    agentVersion: Type.Optional(Type.String({ maxLength: 200 })),
    traceId: Type.Optional(Type.String({ pattern: '^([0-9a-f]{32})?$' })),
    labels: Type.Optional(Labels),
    providerIds: Type.Optional(Labels),
    facts: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
const Seq = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
const ClearSchema = Type.Object(
  { type: Type.Literal('clear'), seq: Seq, position: Type.Integer({ minimum: 0 }) },
  { additionalProperties: false },
);
const MarkSchema = Type.Object(
  { type: Type.Literal('mark'), seq: Seq, name: Type.String({ maxLength: 200 }) },
  { additionalProperties: false },
);
const ByeSchema = Type.Object({ type: Type.Literal('bye'), seq: Seq }, { additionalProperties: false });

export type Hello = Static<typeof HelloSchema>;
export type ClientText = Hello | Static<typeof ClearSchema> | Static<typeof MarkSchema> | Static<typeof ByeSchema>;

const checks = {
  hello: Compile(HelloSchema),
  clear: Compile(ClearSchema),
  mark: Compile(MarkSchema),
  bye: Compile(ByeSchema),
};

export type ServerText =
  /** `nextSeq`: the message to go on with. `ackedSeq`: durable up to here; -1 when nothing is yet. */
  | { readonly type: 'ready'; readonly callId: string; readonly nextSeq: number; readonly ackedSeq: number }
  | { readonly type: 'ack'; readonly seq: number }
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'fact'; readonly fact: unknown }
  | {
      readonly type: 'error';
      readonly code: string;
      readonly message: string;
      readonly expected: string;
      readonly got: string;
    }
  | { readonly type: 'done'; readonly callId: string };

export interface ClientAudio {
  readonly seq: number;
  readonly lane: Channel | 'both';
  /** Samples per channel at the stream's rate since the call's start. */
  readonly position: number;
  readonly payload: Uint8Array;
}

export const AUDIO_HEADER_BYTES = 16;
const AUDIO_KIND = 1;
const LANES = { caller: 0, agent: 1, both: 255 } as const;

/** Header, little-endian: u8 kind = 1, u8 lane (0 caller, 1 agent, 255 both), u16 zero, u32 seq, u64 position. */
export function parseAudio(bytes: Uint8Array): ClientAudio {
  if (bytes.byteLength <= AUDIO_HEADER_BYTES) {
    throw invalid(`audio of more than ${AUDIO_HEADER_BYTES} bytes, its header included`, `${bytes.byteLength} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint8(0);
  if (kind !== AUDIO_KIND) throw invalid(`binary messages of kind ${AUDIO_KIND} (audio)`, `kind ${kind}`);
  const lane = laneOf(view.getUint8(1));
  if (view.getUint16(2, true) !== 0) throw invalid('bytes 2 and 3 to be zero', String(view.getUint16(2, true)));
  const position = view.getBigUint64(8, true);
  if (position > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidInput('timestamp_out_of_range', { expected: 'a position in samples', got: String(position) });
  }
  return {
    seq: view.getUint32(4, true),
    lane,
    position: Number(position),
    payload: bytes.subarray(AUDIO_HEADER_BYTES),
  };
}

export function encodeAudio({ seq, lane, position, payload }: ClientAudio): Uint8Array {
  const bytes = new Uint8Array(AUDIO_HEADER_BYTES + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, AUDIO_KIND);
  view.setUint8(1, LANES[lane]);
  view.setUint32(4, seq, true);
  view.setBigUint64(8, BigInt(position), true);
  bytes.set(payload, AUDIO_HEADER_BYTES);
  return bytes;
}

function laneOf(code: number): ClientAudio['lane'] {
  for (const [lane, known] of Object.entries(LANES)) if (code === known) return lane as ClientAudio['lane'];
  throw invalid('lane 0 (caller), 1 (agent) or 255 (both interleaved)', String(code));
}

export function parseText(text: string): ClientText {
  const value = parseJson(text);
  const type = typeof value === 'object' && value !== null ? (value as { type?: unknown }).type : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(checks, type)) {
    throw invalid(
      'a message of type hello, clear, mark or bye',
      typeof type === 'string' ? `type ${excerpt(type)}` : excerpt(text),
    );
  }
  const check = checks[type as keyof typeof checks];
  if (check.Check(value)) return value;
  const [problem] = check.Errors(value);
  throw new InvalidInput(type === 'hello' ? 'hello_invalid' : 'message_invalid', {
    expected: `${type}${problem.instancePath.replaceAll('/', '.')} ${problem.message}`,
    got: excerpt(JSON.stringify(valueAt(value, problem.instancePath)) ?? 'nothing'),
  });
}

/** Tenant and start time are not the sender's to choose freely: the server passes them in. */
export function openCallOf(hello: Hello, tenant: string, startedAtMs: number): OpenCall {
  const channelOrder = channelOrderOf(hello.channels ?? ['caller', 'agent']);
  const agentPlacement = hello.agentPlacement ?? 'media';
  if (agentPlacement === 'playout' && hello.layout !== 'separate') {
    throw new InvalidInput('hello_invalid', {
      expected: 'layout separate with agentPlacement playout: queued audio is not interleaved with the caller',
      got: `layout ${hello.layout}`,
    });
  }
  return {
    tenant,
    callId: hello.callId,
    protocol: 'earshot',
    startedAtMs,
    encoding: encodingOf(hello.encoding),
    rateHz: rateOf(hello.rateHz),
    layout: hello.layout,
    channelOrder,
    agentPlacement,
    tap: hello.tap ?? 'sent',
    agentVersion: hello.agentVersion ?? '',
    traceId: hello.traceId ?? '',
    labels: hello.labels ?? {},
    providerIds: hello.providerIds ?? {},
  };
}

function channelOrderOf(channels: readonly string[]): OpenCall['channelOrder'] {
  if (channels.length === 2 && channels[0] === 'caller' && channels[1] === 'agent') return ['caller', 'agent'];
  if (channels.length === 2 && channels[0] === 'agent' && channels[1] === 'caller') return ['agent', 'caller'];
  throw new InvalidInput('channels_unsupported', {
    expected: 'channels ["caller","agent"] or ["agent","caller"]: turn-taking is measured between two separate sides',
    got: excerpt(JSON.stringify(channels)),
  });
}

function encodingOf(encoding: string): Encoding {
  const known = ENCODINGS.find((candidate) => candidate === encoding);
  if (known !== undefined) return known;
  throw new InvalidInput('encoding_unsupported', {
    expected: `encoding ${ENCODINGS.join(', ')}`,
    got: excerpt(encoding),
  });
}

function rateOf(rateHz: number): number {
  if (STREAM_RATES_HZ.some((known) => known === rateHz)) return rateHz;
  throw new InvalidInput('rate_unsupported', { expected: `rateHz ${STREAM_RATES_HZ.join(', ')}`, got: String(rateHz) });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid('a JSON object', excerpt(text));
  }
}

function valueAt(value: unknown, path: string): unknown {
  const steps = path.split('/').slice(1);
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], value);
}

const invalid = (expected: string, got: string): InvalidInput => new InvalidInput('message_invalid', { expected, got });

const EXCERPT_LENGTH = 80;
const excerpt = (text: string): string =>
  text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}... (${text.length} characters)` : text;
