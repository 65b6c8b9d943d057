/** A log entry to and from its record (protos/earshot/v1/log.proto). What comes out is what went in, to the bit. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AudioChunkSchema, Encoding as WireEncoding } from '#protos/earshot/v1/audio_pb.js';
import type { AudioChunk } from '#protos/earshot/v1/audio_pb.js';
import { AdvanceSchema, CallClosedSchema, CallOpenedSchema, ClearSchema } from '#protos/earshot/v1/log_pb.js';
import { LogEntrySchema, LoggedReportSchema, type CallOpened } from '#protos/earshot/v1/log_pb.js';
import type { LogEntry as WireEntry } from '#protos/earshot/v1/log_pb.js';
import type { AudioMessage, CallMessage, OpenMessage } from '../../core/audio/message.ts';
import { END_REASONS, GAP_REASONS } from '../../core/facts/facts.ts';
import { PROTOCOLS, TAPS, type Encoding, type OpenCall } from '../../core/facts/openCall.ts';
import type { LogEntry } from './bus.ts';
import { eventOfWire, wireOfEvent } from './reportRecords.ts';
import { channelOf, countOf, refused, roleOf, timestampOf, wallMsOf, wordOf } from './wireValues.ts';

const WIRE_ENCODINGS: Readonly<Record<Encoding, WireEncoding>> = {
  pcm_s16le: WireEncoding.PCM_S16LE,
  mulaw: WireEncoding.MULAW,
  alaw: WireEncoding.ALAW,
};
const ENCODINGS = new Map(Object.entries(WIRE_ENCODINGS).map(([name, wire]) => [wire, name as Encoding]));

/** A number that rises with each entry that a session writes; 0 where a producer does not tell. */
export interface Written {
  readonly ordinal: number;
}

export function encodeEntry({ tenant, callId, seq, own, session, message }: LogEntry, { ordinal }: Written): Buffer {
  const bytes = toBinary(
    LogEntrySchema,
    create(LogEntrySchema, {
      tenant,
      callId,
      seq: BigInt(seq),
      own,
      writer: session,
      ordinal: BigInt(ordinal),
      message: wireOf(message),
    }),
  );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Throws where the record is not an entry. */
export function decodeEntry(record: Uint8Array): LogEntry & Written {
  const wire = fromBinary(LogEntrySchema, record);
  if (wire.callId === '') throw refused('call_id: the call that the entry is of', 'none');
  const seq = Number(wire.seq);
  if (seq < -1 || !Number.isSafeInteger(seq)) throw refused('seq from -1 to 2^53', String(wire.seq));
  const { tenant, callId, own, writer: session } = wire;
  const ordinal = countOf('ordinal', wire.ordinal);
  return { tenant, callId, seq, own, session, ordinal, message: messageOf(wire) };
}

function wireOf(message: CallMessage): WireEntry['message'] {
  switch (message.type) {
    case 'open':
      return { case: 'opened', value: openedOf(message) };
    case 'audio':
      return { case: 'audio', value: chunkOf(message) };
    case 'advance': {
      const { channel, position, reason } = message;
      return {
        case: 'advance',
        value: create(AdvanceSchema, { role: roleOf(channel), position: BigInt(position), reason }),
      };
    }
    case 'clear':
      return { case: 'clear', value: create(ClearSchema, { position: BigInt(message.position) }) };
    case 'report':
      return { case: 'report', value: create(LoggedReportSchema, { events: message.events.map(wireOfEvent) }) };
    case 'close': {
      const { reason, errorCode, errorText } = message;
      return { case: 'closed', value: create(CallClosedSchema, { reason, errorCode, errorText }) };
    }
  }
}

function messageOf({ tenant, callId, message }: WireEntry): CallMessage {
  switch (message.case) {
    case 'opened':
      return {
        type: 'open',
        call: openCallOf(message.value, tenant, callId),
        connectedAtMs:
          message.value.connectedAt === undefined ? 0 : wallMsOf('connected_at', message.value.connectedAt),
      };
    case 'audio':
      return audioOf(message.value);
    case 'advance': {
      const { role, position, reason } = message.value;
      return {
        type: 'advance',
        channel: channelOf(role),
        position: countOf('position', position),
        reason: wordOf('reason', GAP_REASONS, reason),
      };
    }
    case 'clear':
      return { type: 'clear', position: countOf('position', message.value.position) };
    case 'report':
      return { type: 'report', events: message.value.events.map(eventOfWire) };
    case 'closed': {
      const { reason, errorCode, errorText } = message.value;
      return { type: 'close', reason: wordOf('reason', END_REASONS, reason), errorCode, errorText };
    }
    case undefined:
      throw refused('a message of a kind known here', 'none, or one of a newer version');
  }
}

const chunkOf = ({ lane, position, payload, arrivedAtMs }: AudioMessage): AudioChunk =>
  create(AudioChunkSchema, {
    channelRoles: lane === 'both' ? [roleOf('caller'), roleOf('agent')] : [roleOf(lane)],
    startSample: BigInt(position),
    receivedAt: timestampOf(arrivedAtMs),
    payload,
  });

function audioOf({ channelRoles, startSample, receivedAt, payload }: AudioChunk): AudioMessage {
  if (channelRoles.length !== 1 && channelRoles.length !== 2) {
    throw refused('one or two channel_roles', String(channelRoles.length));
  }
  return {
    type: 'audio',
    lane: channelRoles.length === 2 ? 'both' : channelOf(channelRoles[0]),
    position: countOf('start_sample', startSample),
    // Bytes of its own: a view would hold the whole fetched block, and may begin at an odd place.
    payload: new Uint8Array(payload),
    arrivedAtMs: wallMsOf('received_at', receivedAt),
  };
}

const openedOf = ({ call, connectedAtMs }: OpenMessage): CallOpened =>
  create(CallOpenedSchema, {
    protocol: call.protocol,
    startedAt: timestampOf(call.startedAtMs),
    encoding: WIRE_ENCODINGS[call.encoding],
    sampleRateHz: call.rateHz,
    separateStreams: call.layout === 'separate',
    channelRoles: call.channelOrder.map(roleOf),
    agentPlacement: call.agentPlacement,
    tap: call.tap,
    agentVersion: call.agentVersion,
    traceId: call.traceId,
    labels: { ...call.labels },
    providerIds: { ...call.providerIds },
    ...(connectedAtMs === 0 ? {} : { connectedAt: timestampOf(connectedAtMs) }),
  });

function openCallOf(opened: CallOpened, tenant: string, callId: string): OpenCall {
  const encoding = ENCODINGS.get(opened.encoding);
  if (encoding === undefined) throw refused('encoding: pcm_s16le, mulaw or alaw', String(opened.encoding));
  if (opened.sampleRateHz === 0) throw refused('sample_rate_hz', 'none');
  const order = opened.channelRoles.map(channelOf).join(' ');
  if (order !== 'caller agent' && order !== 'agent caller') throw refused('channel_roles: caller and agent', order);
  return {
    tenant,
    callId,
    protocol: wordOf('protocol', PROTOCOLS, opened.protocol),
    startedAtMs: wallMsOf('started_at', opened.startedAt),
    encoding,
    rateHz: opened.sampleRateHz,
    layout: opened.separateStreams ? 'separate' : 'interleaved',
    channelOrder: order === 'caller agent' ? ['caller', 'agent'] : ['agent', 'caller'],
    agentPlacement: wordOf('agent_placement', ['media', 'playout'] as const, opened.agentPlacement),
    tap: wordOf('tap', TAPS, opened.tap),
    agentVersion: opened.agentVersion,
    traceId: opened.traceId,
    labels: opened.labels,
    providerIds: opened.providerIds,
  };
}
