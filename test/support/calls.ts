/** Whole calls for tests: what is known of them, and two-channel audio whose conversation can be read off the spans. */
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { Spans } from './signals.ts';

export const openCall = (changes: Partial<OpenCall> = {}): OpenCall => ({
  tenant: 'default',
  callId: 'call-1',
  protocol: 'earshot',
  startedAtMs: 1_700_000_000_000,
  encoding: 'pcm_s16le',
  rateHz: 8_000,
  layout: 'interleaved',
  channelOrder: ['caller', 'agent'],
  agentPlacement: 'media',
  tap: 'sent',
  agentVersion: 'v1',
  traceId: '',
  labels: {},
  providerIds: {},
  ...changes,
});

const TONE = 6_000;

/** One side as 16-bit samples: a wavering tone where it talks, near silence elsewhere. */
export function sideOf(durationMs: number, spans: Spans, rateHz = 8_000, seed = 1): Int16Array {
  const samples = new Int16Array((durationMs * rateHz) / 1_000);
  let noise = seed;
  for (let i = 0; i < samples.length; i += 1) {
    noise = (Math.imul(noise, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const ms = (i * 1_000) / rateHz;
    const talks = spans.some(([start, end]) => ms >= start && ms < end);
    samples[i] = talks ? Math.round(TONE * Math.sin(i / 6) * (1 + 0.4 * Math.sin(i / 900))) : (noise >> 20) % 3;
  }
  return samples;
}

export function interleaved(caller: Int16Array, agent: Int16Array): Uint8Array {
  const samples = new Int16Array(2 * caller.length);
  for (let i = 0; i < caller.length; i += 1) {
    samples[2 * i] = caller[i];
    samples[2 * i + 1] = agent[i];
  }
  return new Uint8Array(samples.buffer);
}

/** A short conversation with a barge-in, a backchannel and a response. */
export const CALLER: Spans = [
  [1_500, 3_000],
  [6_000, 6_400],
  [9_000, 11_500],
];
export const AGENT: Spans = [
  [200, 1_000],
  [3_700, 8_000],
  [8_300, 9_600],
  [12_100, 13_000],
];
export const DURATION_MS = 14_000;
