/**
 * The call whose saved states are kept as fixtures, one a version: short, with an interruption under way where it is saved.
 * It may never change, or the fixtures of earlier versions would be of another call.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { deserialize } from 'node:v8';
import { packageRoot } from '../../adapters/packageRoot.ts';
import type { CallMessage } from '../../core/audio/message.ts';
import { createCall, type Call } from '../../core/call/call.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { VOICE_FORMAT } from '../../core/inference/windowModel.ts';
import { measureByLevel, scoreByLevel } from './fakeBatcher.ts';

const RATE_HZ = 8_000;
const MESSAGE_SAMPLES = RATE_HZ / 5;

const OPEN: OpenCall = {
  tenant: 'default',
  callId: 'upgraded',
  protocol: 'earshot',
  startedAtMs: 1_700_000_000_000,
  encoding: 'pcm_s16le',
  rateHz: RATE_HZ,
  layout: 'interleaved',
  channelOrder: ['caller', 'agent'],
  agentPlacement: 'media',
  tap: 'sent',
  agentVersion: '',
  traceId: '',
  labels: {},
  providerIds: {},
};

/** Seconds in which each side talks. */
const CALLER = [
  [1.2, 2],
  [3.4, 4.6],
] as const;
const AGENT = [
  [0.2, 1],
  [2.6, 4.2],
  [5.2, 5.8],
] as const;
const DURATION_S = 7;
const SAVED_AT_S = 3.8;

type Spans = readonly (readonly [number, number])[];

/** Of few different samples, so that a state is small once packed. */
function sampleOf(spans: Spans, i: number): number {
  const talks = spans.some(([start, end]) => i >= start * RATE_HZ && i < end * RATE_HZ);
  if (!talks) return i % 2;
  return i % 40 < 20 ? 4_000 : -4_000;
}

function payload(): Buffer {
  const bytes = Buffer.alloc(DURATION_S * RATE_HZ * 4);
  for (let i = 0; i < DURATION_S * RATE_HZ; i += 1) {
    bytes.writeInt16LE(sampleOf(CALLER, i), 4 * i);
    bytes.writeInt16LE(sampleOf(AGENT, i), 4 * i + 2);
  }
  return bytes;
}

export const UPGRADE_AUDIO = payload();

const MESSAGES = Array.from({ length: (DURATION_S * RATE_HZ) / MESSAGE_SAMPLES }, (_, i): CallMessage => {
  const position = i * MESSAGE_SAMPLES;
  const piece = UPGRADE_AUDIO.subarray(4 * position, 4 * (position + MESSAGE_SAMPLES));
  const arrivedAtMs = OPEN.startedAtMs + (position * 1_000) / RATE_HZ;
  return { type: 'audio', lane: 'both', position, payload: piece, arrivedAtMs };
});
const SAVED_AFTER = Math.round((SAVED_AT_S * RATE_HZ) / MESSAGE_SAMPLES);

function play(call: Call, messages: readonly CallMessage[], emit: (fact: Fact) => void): void {
  const work = (): void => {
    for (let rows = call.rows(); rows.length > 0; rows = call.rows()) {
      for (const { channel, row } of rows) call.scored(channel, scoreByLevel(row), emit);
    }
    for (const request of call.windows()) call.measured(request, measureByLevel(request.row), emit);
  };
  for (const message of messages) {
    call.push(message, emit);
    work();
  }
  if (messages.at(-1) !== MESSAGES.at(-1)) return;
  call.finishHearing(emit);
  work();
  call.finishJudging(emit);
  work();
  call.end({ reason: 'completed', errorCode: '', errorText: '' }, emit);
}

/** The state at the place where states are kept, as the code of today saves it. */
export function savedHalfway(): unknown {
  const call = createCall(OPEN, [VOICE_FORMAT]);
  call.start(() => undefined);
  play(call, MESSAGES.slice(0, SAVED_AFTER), () => undefined);
  return call.save();
}

/** What is told after that place: by the call that ran through, and by one that goes on from the state. */
export function toldFromHalfway(state: unknown): { readonly calm: Fact[]; readonly goneOn: Fact[] } {
  const calm: Fact[] = [];
  const through = createCall(OPEN, [VOICE_FORMAT]);
  through.start(() => undefined);
  play(through, MESSAGES.slice(0, SAVED_AFTER), () => undefined);
  play(through, MESSAGES.slice(SAVED_AFTER), (fact) => void calm.push(fact));
  const goneOn: Fact[] = [];
  const loaded = createCall(OPEN, [VOICE_FORMAT]);
  loaded.load(state);
  play(loaded, MESSAGES.slice(SAVED_AFTER), (fact) => void goneOn.push(fact));
  return { calm, goneOn };
}

export const stateFixturePath = (version: number): string =>
  join(packageRoot, 'core', 'call', 'fixtures', `state${version}.br`);

export const stateFixture = (version: number): unknown =>
  deserialize(brotliDecompressSync(readFileSync(stateFixturePath(version))));
