/** The stretch of the call in which the marks of one response may lie: none of them is taken from another exchange. */
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
  return sorted.map((response, index) => {
    const previous: HeardResponse | undefined = sorted[index - 1];
    const agentEnds = speech
      .filter(({ channel, endSample: end }) => channel === 'agent' && end <= response.startSample)
      .map(({ endSample: end }) => end);
    const agentEnd = agentEnds.reduce<number>((last, end) => Math.max(last, end), previous?.endSample ?? -Infinity);
    const nextStarts = speech
      .filter(({ channel, startSample }) => channel === 'caller' && startSample > response.endSample)
      .map(({ startSample }) => startSample);
    return {
      callerEnd: response.startSample,
      onset: response.endSample,
      from: Math.max(response.startSample - EARLY_SAMPLES, agentEnd),
      to: response.endSample + LATE_SAMPLES,
      agentEnd,
      next: nextStarts.reduce<number>(
        (first, start) => Math.min(first, start),
        sorted[index + 1]?.startSample ?? endSample,
      ),
    };
  });
}
