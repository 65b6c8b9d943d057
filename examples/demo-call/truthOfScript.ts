/** The truth of a scripted call: speech from the clean lines by level, and what follows from where they were laid. */
import { CHANNELS, type Channel } from '../../core/units/channel.ts';

export interface Part {
  readonly channel: Channel;
  readonly start: number;
  readonly samples: Float32Array;
}

export interface ScriptEvent {
  readonly by: Channel;
  readonly start: number;
  readonly outcome: 'yielded' | 'continued' | 'backchannel' | 'noise_burst';
  /** Index of the part that was spoken into. */
  readonly interruptedPart: number;
}

type Run = [start: number, end: number];

const HOP_MS = 10;
const BELOW_PEAK_DB = 35;
const BRIDGE_MS = 200;
const RUN_MS_MIN = 50;
const DEAD_AIR_MS = 3_000;

/** 10 ms frames within 35 dB of the clip's 97th percentile; pauses under 200 ms bridged, runs under 50 ms dropped. */
export function speechRuns(samples: Float32Array, rateHz: number): Run[] {
  const hop = (rateHz * HOP_MS) / 1_000;
  const levels = Array.from({ length: Math.floor(samples.length / hop) }, (_, frame) => {
    const part = samples.subarray(frame * hop, (frame + 1) * hop);
    return 10 * Math.log10(part.reduce((sum, x) => sum + x * x, 0) / hop + 1e-12);
  });
  const threshold = percentile(levels, 0.97) - BELOW_PEAK_DB;
  const runs: Run[] = [];
  levels.forEach((level, frame) => {
    if (level <= threshold) return;
    const last = runs.at(-1);
    if (last !== undefined && (frame - last[1]) * HOP_MS < BRIDGE_MS) last[1] = frame + 1;
    else runs.push([frame, frame + 1]);
  });
  return runs
    .filter(([start, end]) => (end - start) * HOP_MS >= RUN_MS_MIN)
    .map(([start, end]) => [start * hop, end * hop]);
}

export function truthOf(parts: readonly Part[], events: readonly ScriptEvent[], frames: number, rateHz: number) {
  const ms = (samples: number): number => Math.round((samples * 10_000) / rateHz) / 10;
  const runsOf = (channel: Channel): Run[] =>
    parts
      .filter((part) => part.channel === channel)
      .flatMap(({ start, samples }) => speechRuns(samples, rateHz).map(([a, b]): Run => [start + a, start + b]))
      .sort(([a], [b]) => a - b);
  const runs = { caller: runsOf('caller'), agent: runsOf('agent') };
  const endOf = (part: Part): number =>
    Math.max(...speechRuns(part.samples, rateHz).map(([, end]) => part.start + end));
  return {
    version: 1,
    rateHz,
    channels: CHANNELS,
    durationMs: ms(frames),
    conditions: { snrDb: null, echoDb: null, agentLoss: 0, mulaw: true },
    segments: CHANNELS.flatMap((channel) => runs[channel].map(([a, b]) => ({ channel, startMs: ms(a), endMs: ms(b) }))),
    overlaps: intersections(runs.caller, runs.agent).map(([a, b]) => ({ startMs: ms(a), endMs: ms(b) })),
    interruptions: events.map(({ by, start, outcome, interruptedPart }) => {
      const stop = endOf(parts[interruptedPart]);
      const yielded = outcome === 'yielded' ? { stopMs: ms(stop), latencyMs: ms(stop - start) } : {};
      return { by, onsetMs: ms(start), outcome, ...yielded };
    }),
    responses: responsesOf(runs).map(([end, start]) => ({
      callerEndMs: ms(end),
      agentStartMs: ms(start),
      latencyMs: ms(start - end),
    })),
    deadAir: silences([...runs.caller, ...runs.agent], (DEAD_AIR_MS * rateHz) / 1_000).map(([a, b]) => ({
      startMs: ms(a),
      endMs: ms(b),
    })),
    incidents: [],
  };
}

function intersections(first: readonly Run[], second: readonly Run[]): Run[] {
  return first.flatMap(([a, b]) =>
    second.filter(([c, d]) => Math.max(a, c) < Math.min(b, d)).map(([c, d]): Run => [Math.max(a, c), Math.min(b, d)]),
  );
}

/** The agent is the next to speak after the caller's end, was silent then, and did not begin inside what the caller said. */
function responsesOf({ caller, agent }: Record<Channel, Run[]>): Run[] {
  return caller.flatMap(([begin, end]): Run[] => {
    if (agent.some(([a, b]) => a < end && (b > end || a > begin))) return [];
    const nextAgent = agent.find(([start]) => start >= end);
    if (nextAgent === undefined) return [];
    const speaksAgain = caller.some(([start]) => start >= end && start < nextAgent[0]);
    return speaksAgain ? [] : [[end, nextAgent[0]]];
  });
}

function silences(runs: readonly Run[], samplesMin: number): Run[] {
  const sorted = runs.toSorted(([a], [b]) => a - b);
  const found: Run[] = [];
  let end = sorted[0]?.[1] ?? 0;
  for (const [start, stop] of sorted) {
    if (start - end >= samplesMin) found.push([end, start]);
    end = Math.max(end, stop);
  }
  return found;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
