/**
 * A fact to and from its record (protos/earshot/v1/facts.proto): its numbers and texts by name, for readers in any language,
 * and whatever these cannot hold as JSON, so that a reader of ours gets back the fact that was told.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Role } from '#protos/earshot/v1/audio_pb.js';
import { FactSchema, FactStatus as WireStatus } from '#protos/earshot/v1/facts_pb.js';
import { DEFINITION_VERSION, FACT_KINDS, type Fact } from '../../core/facts/facts.ts';
import type { Channel } from '../../core/units/channel.ts';
import { channelOf, countOf, roleOf, timestampOf, wallMsOf, wordOf } from './wireValues.ts';

const ARRAYS = { Int16Array, Uint8Array, Uint16Array } as const;
type ArrayName = keyof typeof ARRAYS;

export function encodeFact(fact: Fact): Buffer {
  const { id, tenant, callId, kind, status, revision, startSample, startWallMs, ...body } = fact as Fact & {
    readonly channel?: Channel;
    readonly endSample?: number | null;
  };
  const { channel, endSample, ...named } = body;
  const measures: Record<string, number> = {};
  const details: Record<string, string> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(named)) {
    if (typeof value === 'number') measures[name] = value;
    else if (typeof value === 'string') details[name] = value;
    else rest[name] = value;
  }
  if (endSample === null) rest.endSample = null;
  const bytes = toBinary(
    FactSchema,
    create(FactSchema, {
      id,
      tenant,
      callId,
      kind,
      status: status === 'final' ? WireStatus.FINAL : WireStatus.PROVISIONAL,
      revision,
      definitionVersion: DEFINITION_VERSION,
      channel: channel === undefined ? Role.UNSPECIFIED : roleOf(channel),
      startSample: BigInt(startSample),
      endSample: typeof endSample === 'number' ? BigInt(endSample) : undefined,
      startedAt: timestampOf(startWallMs),
      measures,
      details,
      restJson: Object.keys(rest).length === 0 ? '' : JSON.stringify(rest, arraysAsText),
    }),
  );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Throws where the record is not a fact. */
export function decodeFact(record: Uint8Array): Fact {
  const wire = fromBinary(FactSchema, record);
  const rest = wire.restJson === '' ? {} : (JSON.parse(wire.restJson, textAsArray) as Record<string, unknown>);
  return {
    kind: wordOf('kind', FACT_KINDS, wire.kind),
    id: wire.id,
    tenant: wire.tenant,
    callId: wire.callId,
    status: wire.status === WireStatus.FINAL ? 'final' : 'provisional',
    revision: wire.revision,
    startSample: countOf('start_sample', wire.startSample),
    startWallMs: wallMsOf('started_at', wire.startedAt),
    ...(wire.channel === Role.UNSPECIFIED ? {} : { channel: channelOf(wire.channel) }),
    ...(wire.endSample === undefined ? {} : { endSample: countOf('end_sample', wire.endSample) }),
    ...wire.measures,
    ...wire.details,
    ...rest,
  } as Fact;
}

function arraysAsText(_name: string, value: unknown): unknown {
  const found = Object.entries(ARRAYS).find(([, kind]) => value instanceof kind);
  if (found === undefined) return value;
  const { buffer, byteOffset, byteLength } = value as InstanceType<(typeof ARRAYS)[ArrayName]>;
  return { [`$${found[0]}`]: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

function textAsArray(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const [name, ...others] = Object.keys(value);
  const kind = name?.startsWith('$') ? ARRAYS[name.slice(1) as ArrayName] : undefined;
  if (kind === undefined || others.length > 0) return value;
  const bytes = Buffer.from((value as Record<string, string>)[name], 'base64');
  // A copy of its own, for the pool's memory may lie at an odd place.
  return new kind(new Uint8Array(bytes).buffer);
}
