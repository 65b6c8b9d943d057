/** The stretch of the call in which the marks of one response may lie: none of them is taken from another exchange. */
import { leastOf, mostOf } from './extremes.ts';
import type { HeardResponse, JoinInput } from './joinInput.ts';
import { samplesFromMs } from '../units/time.ts';

export interface Exchange {
  readonly callerEnd: number;
  readonly onset: number;
  /** Marks lie in [from, to]. */
  readonly from: number;
  readonly to: number;
  /** Where the agent last fell silent before; nothing of this exchange can lie before that. */
  readonly agentEnd: number;
  /** Where the caller next begins or the next exchange starts, or the call ends. */
  readonly next: number;
}

/** Clocks jitter, and where somebody ends is known to some hundredths of a second. */
export const EARLY_SAMPLES = samplesFromMs(300);
export const LATE_SAMPLES = samplesFromMs(150);

export function exchangesOf({ responses, speech, endSample }: JoinInput): Exchange[] {
  const sorted = [...responses].sort((a, b) => a.endSample - b.endSample || a.startSample - b.startSample);
  const agent = speech.filter(({ channel }) => channel === 'agent');
  const callerStarts = speech.filter(({ channel }) => channel === 'caller').map(({ startSample }) => startSample);
  return sorted.map(({ startSample: callerEnd, endSample: onset }, index) => {
    const previous: HeardResponse | undefined = sorted[index - 1];
    const agentEnds = agent.map(({ endSample: end }) => end).filter((end) => end <= callerEnd);
    const agentEnd = Math.max(mostOf(agentEnds), previous?.endSample ?? -Infinity);
    // What was decided in a pause of the caller's was taken back when the caller went on.
    const lastRun = mostOf(callerStarts.filter((start) => start < callerEnd));
    return {
      callerEnd,
      onset,
      from: Math.max(callerEnd - EARLY_SAMPLES, agentEnd, lastRun),
      to: onset + LATE_SAMPLES,
      agentEnd,
      next: Math.min(
        leastOf(callerStarts.filter((start) => start > onset)),
        sorted[index + 1]?.startSample ?? endSample,
      ),
    };
  });
}
