/** Which turn of the agent each synthesis was heard in: by its playback or, for want of it, by when it was asked for. */
import { samplesFromMs } from '../units/time.ts';
import { gather } from './gather.ts';
import type { HeardTurn } from './joinInput.ts';
import type { Synthesis } from './syntheses.ts';

/** From handing over the first audio to hearing it: the transport's buffer. */
const PLAYOUT_SAMPLES_MAX = samplesFromMs(2_000);
/** From asking for speech to hearing it: synthesis, and what is still being said. Slower than this is a failure anyway. */
const SYNTHESIS_SAMPLES_MAX = samplesFromMs(5_000);
/** What is told of synthesis only when it is over may come a little after its audio. */
const TOLD_AFTER_SAMPLES_MAX = samplesFromMs(1_500);

export interface AgentTurn {
  readonly turnIndex: number;
  readonly startSample: number;
  /** Where it ends, or how far it has been heard. */
  readonly endSample: number;
  readonly isOpen: boolean;
}

export interface Assigned {
  readonly byTurn: ReadonlyMap<number, readonly Synthesis[]>;
  /** With a time, and in no turn. */
  readonly unheard: readonly Synthesis[];
}

export function agentTurnsOf(turns: readonly HeardTurn[], heardSample: number): AgentTurn[] {
  return turns
    .filter(({ channel }) => channel === 'agent')
    .map(({ turnIndex, startSample, endSample }) => ({
      turnIndex,
      startSample,
      endSample: endSample ?? Math.max(heardSample, startSample),
      isOpen: endSample === null,
    }))
    .sort((a, b) => a.startSample - b.startSample || a.turnIndex - b.turnIndex);
}

export function assignTexts(syntheses: readonly Synthesis[], turns: readonly AgentTurn[]): Assigned {
  const byTurn = new Map<number, Synthesis[]>();
  const unheard: Synthesis[] = [];
  const timeless: Synthesis[] = [];
  const put = (turn: AgentTurn, synthesis: Synthesis): void => gather(byTurn, turn.turnIndex, synthesis);
  for (const synthesis of syntheses) {
    const turn = turnAround(synthesis, turns);
    if (startOf(synthesis) === null) timeless.push(synthesis);
    else if (turn !== null && !wasGivenUpBefore(synthesis, turn)) put(turn, synthesis);
    else if (!synthesis.isCancelled) unheard.push(synthesis);
  }
  const turnOfId = turnsByTheirId(byTurn, turns);
  for (const synthesis of timeless) {
    const found = new Set(synthesis.turnIds.flatMap((id) => [...(turnOfId.get(`${synthesis.source} ${id}`) ?? [])]));
    const [turn, ...others] = found;
    if (turn !== undefined && others.length === 0) put(turn, synthesis);
  }
  return { byTurn: withoutTheGivenUp(byTurn), unheard };
}

export const startOf = ({ playedSample, toldSample }: Synthesis): number | null => playedSample ?? toldSample;

export const leadOf = ({ playedSample }: Synthesis): number =>
  playedSample === null ? SYNTHESIS_SAMPLES_MAX : PLAYOUT_SAMPLES_MAX;

function turnAround(synthesis: Synthesis, turns: readonly AgentTurn[]): AgentTurn | null {
  const at = startOf(synthesis);
  if (at === null) return null;
  const within = turns.find(({ startSample, endSample, isOpen }) => startSample <= at && (at < endSample || isOpen));
  if (within !== undefined) return within;
  const next = turns.find(({ startSample }) => startSample > at);
  if (next !== undefined && next.startSample - at <= leadOf(synthesis)) return next;
  const last = turns.findLast(({ endSample }) => endSample <= at);
  if (last === undefined || !synthesis.isToldAfter || synthesis.playedSample !== null) return null;
  return at - last.endSample <= TOLD_AFTER_SAMPLES_MAX ? last : null;
}

/** Made ahead and thrown away before the agent spoke. */
const wasGivenUpBefore = ({ isCancelled, playedSample, cancelledSample }: Synthesis, turn: AgentTurn): boolean =>
  isCancelled && playedSample === null && cancelledSample !== null && cancelledSample <= turn.startSample;

/** A cancelled text that nobody saw played is another's first try where its source tells another for the same turn. */
function withoutTheGivenUp(byTurn: ReadonlyMap<number, Synthesis[]>): Map<number, Synthesis[]> {
  const isFirstTry = ({ isCancelled, playedSample, cancelledSample }: Synthesis): boolean =>
    isCancelled && playedSample === null && cancelledSample === null;
  return new Map(
    [...byTurn].map(([turnIndex, texts]) => [
      turnIndex,
      texts.filter(
        (text) => !isFirstTry(text) || !texts.some((other) => other.source === text.source && !other.isCancelled),
      ),
    ]),
  );
}

function turnsByTheirId(
  byTurn: ReadonlyMap<number, readonly Synthesis[]>,
  turns: readonly AgentTurn[],
): Map<string, Set<AgentTurn>> {
  const found = new Map<string, Set<AgentTurn>>();
  for (const turn of turns)
    for (const { source, turnIds } of byTurn.get(turn.turnIndex) ?? [])
      for (const id of turnIds) {
        const name = `${source} ${id}`;
        found.set(name, (found.get(name) ?? new Set()).add(turn));
      }
  return found;
}
