/** Signals and ticks as functions, so that what a test expects can be read off what it makes. */
import type { Tick } from '../../core/conversation/align.ts';
import type { LabelledTick } from '../../core/conversation/label.ts';
import { EDGE_DELAY_MS } from '../../core/inference/speechModel.ts';

/** Twenty harmonics that fade with their number: as simple as a voice can be. */
export const buzz = (hz: number, rateHz: number, count: number, amplitude = 0.2): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let k = 1; k <= 20 && k * hz < rateHz / 2; k += 1) sum += Math.sin((2 * Math.PI * k * hz * i) / rateHz) / k;
    return amplitude * sum;
  });

export const sine = (hz: number, rateHz: number, count: number, amplitude = 0.5): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz));

/** Sample i of the stream has value i / 2^20: where a sample came from can be read off it. */
export const ramp = (start: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => (start + i) / 2 ** 20);

export const rms = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length));

/** A side's talking in milliseconds: [[start, end], ...]. */
export type Spans = readonly (readonly [number, number])[];

const SPEECH_DBFS = -25;
const LINE_DBFS = -80;

const cell = (levelDbfs: number, probability: number, edgeProbability: number) => ({
  levelDbfs,
  peak: 10 ** (levelDbfs / 20),
  clippedSamples: 0,
  missing: false,
  probability,
  edgeProbability,
});

const inside = (spans: Spans, ms: number): boolean => spans.some(([start, end]) => ms >= start && ms < end);

/** What the judge hears of a conversation on clean lines, with a speech model that is always right. */
export function ticksOf(durationMs: number, caller: Spans, agent: Spans): Tick[] {
  const cellAt = (spans: Spans, ms: number) => {
    const edgeProbability = inside(spans, ms - EDGE_DELAY_MS) ? 0.95 : 0.01;
    return inside(spans, ms) ? cell(SPEECH_DBFS, 0.95, edgeProbability) : cell(LINE_DBFS, 0.01, edgeProbability);
  };
  return Array.from({ length: durationMs / 10 }, (_, frame) => ({
    frame,
    caller: cellAt(caller, frame * 10),
    agent: cellAt(agent, frame * 10),
  }));
}

/** The same, already labelled: what the detectors of conversation see. */
export function labelledTicksOf(durationMs: number, caller: Spans, agent: Spans): LabelledTick[] {
  return ticksOf(durationMs, caller, agent).map((tick) => {
    const labelled = (side: 'caller' | 'agent', spans: Spans) => {
      const speech = inside(spans, tick.frame * 10);
      return { ...tick[side], speech, echo: false, audible: speech, silent: !speech };
    };
    return { type: 'tick', frame: tick.frame, caller: labelled('caller', caller), agent: labelled('agent', agent) };
  });
}
