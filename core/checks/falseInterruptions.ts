/**
 * Where the agent fell silent at a sound that was no speech: it heard an interruption where nobody interrupted. Told from
 * an agent that ends by itself by who speaks next: who was merely stopped goes on, who has ended is answered.
 */
import { samplesFromMs } from '../units/time.ts';
import type { HeardRow } from './heardCall.ts';

/** From the sound's beginning to the agent's silence. */
const REACTION_SAMPLES_MAX = samplesFromMs(1_000);
/** As with an interruption that is yielded to: shorter silences are pauses. */
const HOLD_SAMPLES = samplesFromMs(800);

/** The noise bursts that the agent stopped for. */
export function falseInterruptionsOf(rows: readonly HeardRow[]): HeardRow[] {
  const speech = rows.filter(({ kind }) => kind === 'speech');
  return rows.filter((burst) => burst.kind === 'noise_burst' && stopsAgent(burst, speech));
}

function stopsAgent(burst: HeardRow, speech: readonly HeardRow[]): boolean {
  const from = burst.start_sample;
  const stopped = speech.findLast(({ channel, start_sample }) => channel === 'agent' && start_sample <= from);
  const end = stopped?.end_sample ?? null;
  if (end === null || end <= from || end > from + REACTION_SAMPLES_MAX) return false;
  if (
    speech.some(
      ({ channel, start_sample, end_sample }) =>
        channel === 'caller' && start_sample < end && (end_sample ?? end) > from,
    )
  )
    return false;
  const next = speech.find(({ start_sample }) => start_sample >= end);
  return next?.channel === 'agent' && next.start_sample - end >= HOLD_SAMPLES;
}
