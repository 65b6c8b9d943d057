/**
 * Earshot's own WebSocket protocol, version 1: messages to and from bytes, without any socket. docs/protocol.md tells it
 * to people who write a client in another language.
 */
import { Type, type Static } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { Fact } from '../../core/facts/facts.ts';
import { ENCODINGS, STREAM_RATES_HZ, TAPS, type Encoding, type OpenCall } from '../../core/facts/openCall.ts';
import { CHANNELS, type Channel } from '../../core/units/channel.ts';
import { InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import { describe } from '../../core/units/describe.ts';

const TEXT_LENGTH_MAX = 200;
const Name = Type.String({ minLength: 1, maxLength: TEXT_LENGTH_MAX });
const Text = Type.String({ maxLength: TEXT_LENGTH_MAX });
/** Bounded because they are written with every call and shown in every list. */
const Labels = Type.Record(Type.String({ pattern: '^.{1,100}$' }), Type.String({ maxLength: 1_000 }), {
  additionalProperties: false,
  maxProperties: 50,
});
const Seq = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
const Position = Type.Integer({ minimum: 0 });
const STRICT = { additionalProperties: false };

/** Encoding, rate and channels are looser here than what is taken: a wrong one gets an error of its own, below. */
const HelloSchema = Type.Object(
  {
    type: Type.Literal('hello'),
    version: Type.Literal(1),
    tenant: Type.Optional(Name),
    callId: Name,
    encoding: Type.String(),
    rateHz: Type.Number(),
    layout: Type.Enum(['interleaved', 'separate']),
    channels: Type.Optional(Type.Union([Type.Number(), Type.Array(Type.String(), { maxItems: 32 })])),
    channelOrder: Type.Optional(Type.Array(Type.String(), { maxItems: 32 })),
    agentPlacement: Type.Optional(Type.Enum(['media', 'playout'])),
    tap: Type.Optional(Type.Enum([...TAPS])),
    agentVersion: Type.Optional(Text),
    traceId: Type.Optional(Type.String({ pattern: '^([0-9a-f]{32})?$' })),
    labels: Type.Optional(Labels),
    providerIds: Type.Optional(Labels),
    startedAtMs: Type.Optional(Type.Integer({ minimum: 0 })),
    facts: Type.Optional(Type.Boolean()),
    ackedSeq: Type.Optional(Seq),
    connectedAtMs: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  STRICT,
);
const ClearSchema = Type.Object({ type: Type.Literal('clear'), seq: Seq, positionSamples: Position }, STRICT);
const MarkSchema = Type.Object(
  { type: Type.Literal('mark'), seq: Seq, name: Text, positionSamples: Type.Optional(Position) },
  STRICT,
);
const ByeSchema = Type.Object({ type: Type.Literal('bye'), seq: Seq, reason: Type.Optional(Text) }, STRICT);

/** An event in its JSON form (`event`), or a message of a speech service or framework as it sends it (`source`, `message`). */
const EventSchema = Type.Object(
  {
    type: Type.Literal('event'),
    seq: Seq,
    event: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    source: Type.Optional(Name),
    message: Type.Optional(Type.Unknown()),
    role: Type.Optional(Type.Enum([...CHANNELS])),
    streamId: Type.Optional(Text),
  },
  STRICT,
);

export type Hello = Static<typeof HelloSchema>;
export type ClientEvent = Static<typeof EventSchema>;
export type ClientText =
  Static<typeof ClearSchema> | Static<typeof MarkSchema> | ClientEvent | Static<typeof ByeSchema>;

const helloCheck = Compile(HelloSchema);
const textChecks = {
  clear: Compile(ClearSchema),
  mark: Compile(MarkSchema),
  event: Compile(EventSchema),
  bye: Compile(ByeSchema),
};

export type ServerText =
  /** `nextSeq`: the message to go on with. `ackedSeq`: durable up to and including; -1 when nothing is yet. */
  | { readonly type: 'ready'; readonly callId: string; readonly nextSeq: number; readonly ackedSeq: number }
  | { readonly type: 'ack'; readonly seq: number }
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'fact'; readonly fact: Fact }
  /** An event that could not be read; its number is taken and the call goes on. */
  | { readonly type: 'rejected'; readonly seq: number; readonly code: ErrorCode; expected: string; got: string }
  | { readonly type: 'error'; readonly code: ErrorCode; message: string; expected: string; got: string }
  | Done;

export interface Done {
  readonly type: 'done';
  readonly callId: string;
  /** How far each side's audio came, at the stream's rate; null where none came to this server. */
  readonly samples: Readonly<Record<Channel, number | null>>;
  /** Facts sent on this connection, if they were asked for. */
  readonly facts?: number;
}

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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength > 0 && view.getUint8(0) !== AUDIO_KIND) {
    throw violation(`binary messages of kind ${AUDIO_KIND} (audio)`, `kind ${view.getUint8(0)}`);
  }
  if (bytes.byteLength <= AUDIO_HEADER_BYTES) {
    throw invalid(`a header of ${AUDIO_HEADER_BYTES} bytes and audio after it`, `${bytes.byteLength} bytes`);
  }
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
  throw invalid('lane 0 (caller), 1 (agent) or 255 (both interleaved)', `lane ${code}`);
}

/** The first message of a connection. */
export function parseHello(text: string): Hello {
  const value = parseJson(text);
  if (value === undefined) throw new InvalidInput('hello_invalid', { expected: 'a JSON hello', got: describe(text) });
  const type = typeOf(value);
  if (typeof type === 'string' && type !== 'hello') throw violation('hello first', `type ${describe(type)}`);
  return checked(helloCheck, value, 'hello', 'hello_invalid');
}

/** A text message after the hello. */
export function parseText(text: string): ClientText {
  const value = parseJson(text);
  const type = typeOf(value);
  if (type === 'hello') throw violation('one hello a connection', 'a second one');
  if (type !== 'clear' && type !== 'mark' && type !== 'event' && type !== 'bye') {
    const got = value === undefined ? `text ${describe(text)}` : `type ${describe(type)}`;
    throw violation('audio as binary messages, and JSON text of type clear, mark, event or bye', got);
  }
  return checked<ClientText>(textChecks[type], value, type, 'message_invalid');
}

/** `tenant` is the server's to say, `nowMs` its clock. */
export function openCallOf(hello: Hello, tenant: string, nowMs: number): OpenCall {
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
    startedAtMs: startedAtOf(hello.startedAtMs ?? nowMs, nowMs),
    encoding: encodingOf(hello.encoding),
    rateHz: rateOf(hello.rateHz),
    layout: hello.layout,
    channelOrder: channelOrderOf(hello),
    agentPlacement,
    tap: hello.tap ?? 'sent',
    agentVersion: hello.agentVersion ?? '',
    traceId: hello.traceId ?? '',
    labels: hello.labels ?? {},
    providerIds: hello.providerIds ?? {},
  };
}

const DAY_MS = 86_400_000;

function startedAtOf(startedAtMs: number, nowMs: number): number {
  if (Math.abs(startedAtMs - nowMs) <= DAY_MS) return startedAtMs;
  throw new InvalidInput('timestamp_out_of_range', {
    expected: `startedAtMs in Unix milliseconds, within a day of ${nowMs}`,
    got: String(startedAtMs),
  });
}

/** `channels` says which sides come (two names, or how many), `channelOrder` how they lie in an interleaved stream. */
function channelOrderOf({ channels, channelOrder }: Hello): OpenCall['channelOrder'] {
  const names = channelOrder ?? (Array.isArray(channels) ? channels : CHANNELS);
  const count = typeof channels === 'number' ? channels : (channels?.length ?? 2);
  if (count === 2 && names.length === 2) {
    if (names[0] === 'caller' && names[1] === 'agent') return ['caller', 'agent'];
    if (names[0] === 'agent' && names[1] === 'caller') return ['agent', 'caller'];
  }
  throw new InvalidInput('channels_unsupported', {
    expected: 'two channels, "caller" and "agent" in either order: turn-taking is measured between two separate sides',
    got: describe(channelOrder ?? channels),
  });
}

function encodingOf(encoding: string): Encoding {
  const known = ENCODINGS.find((candidate) => candidate === encoding);
  if (known !== undefined) return known;
  throw new InvalidInput('encoding_unsupported', {
    expected: `encoding ${ENCODINGS.join(', ')}`,
    got: describe(encoding),
  });
}

function rateOf(rateHz: number): number {
  if (STREAM_RATES_HZ.some((known) => known === rateHz)) return rateHz;
  throw new InvalidInput('rate_unsupported', { expected: `rateHz ${STREAM_RATES_HZ.join(', ')}`, got: String(rateHz) });
}

type Problem = ReturnType<Validator['Errors']>[number];

function checked<Message>(check: Validator, value: unknown, type: string, code: ErrorCode): Message {
  if (check.Check(value)) return value as Message;
  const problems = check.Errors(value);
  // A refused field is reported twice, first without saying which rule it broke.
  const problem = problems.find(({ keyword }) => keyword !== 'boolean') ?? problems[0];
  throw new InvalidInput(code, expectation(type, problem, value));
}

function expectation(type: string, problem: Problem, value: unknown): { expected: string; got: string } {
  const field = `${type}${problem.instancePath.replaceAll('/', '.')}`;
  const got = describe(valueAt(value, problem.instancePath));
  if (problem.keyword === 'required') {
    return { expected: `${field} with ${problem.params.requiredProperties.join(', ')}`, got };
  }
  if (problem.keyword === 'additionalProperties') {
    return { expected: `${field} with known fields only`, got: describe(problem.params.additionalProperties) };
  }
  if (problem.keyword === 'const') return { expected: `${field} to be ${String(problem.params.allowedValue)}`, got };
  if (problem.keyword === 'enum')
    return { expected: `${field} to be ${problem.params.allowedValues.join(' or ')}`, got };
  return { expected: `${field}: ${problem.message}`, got };
}

function valueAt(value: unknown, path: string): unknown {
  const steps = path.split('/').slice(1);
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], value);
}

/** Undefined when it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const typeOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? (value as { type?: unknown }).type : undefined;

const invalid = (expected: string, got: string): InvalidInput => new InvalidInput('message_invalid', { expected, got });
const violation = (expected: string, got: string): InvalidInput =>
  new InvalidInput('protocol_violation', { expected, got });
