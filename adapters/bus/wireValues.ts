/** Values that several records share: moments, sides, and how a record that breaks its contract is refused. */
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Role } from '#protos/earshot/v1/audio_pb.js';
import type { Channel } from '../../core/units/channel.ts';
import { describe } from '../../core/units/describe.ts';
import { InvalidInput } from '../../core/units/errors.ts';

/** Exact for any Unix ms that a double holds, fractions included. */
export function timestampOf(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const seconds = Math.floor(ms / 1_000);
  const nanos = Math.round((ms - seconds * 1_000) * 1e6);
  return nanos === 1e9 ? { seconds: BigInt(seconds + 1), nanos: 0 } : { seconds: BigInt(seconds), nanos };
}

export function wallMsOf(name: string, time: Timestamp | undefined): number {
  if (time === undefined) throw refused(`${name}: a moment`, 'none');
  return Number(time.seconds) * 1_000 + time.nanos / 1e6;
}

export const roleOf = (channel: Channel): Role => (channel === 'caller' ? Role.CALLER : Role.AGENT);

export function channelOf(role: Role): Channel {
  if (role === Role.CALLER) return 'caller';
  if (role === Role.AGENT) return 'agent';
  throw refused('role: caller or agent', describe(role));
}

/** One of the words that a field may hold. */
export function wordOf<Word extends string>(name: string, words: readonly Word[], text: string): Word {
  const word = words.find((known) => known === text);
  if (word === undefined) throw refused(`${name}: ${words.join(', ')}`, describe(text));
  return word;
}

export function countOf(name: string, value: bigint): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw refused(`${name} below 2^53`, String(value));
}

export const refused = (expected: string, got: string): InvalidInput =>
  new InvalidInput('message_invalid', { expected, got });
