/** What the simulated clients say: short conversations, each of its own, as numbered messages; and what a calm run makes of them. */
import type { TakenEntry } from '../../adapters/bus/bus.ts';
import type { Ending } from '../../core/call/call.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { factRows } from '../../core/rows/factRows.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { createCallRunner } from '../../services/analyze/callRunner.ts';
import { interleaved, openCall, sideOf } from '../support/calls.ts';
import { fakeBatcher } from '../support/fakeBatcher.ts';
import type { Spans } from '../support/signals.ts';

export type Said =
  | { readonly type: 'audio'; readonly position: number; readonly payload: Uint8Array }
  | { readonly type: 'event'; readonly startMs: number };

export interface Script {
  readonly name: string;
  /** Numbered by their place; the last word, after all of these, is the bye. */
  readonly said: readonly Said[];
}

export const WALL_OF_START_MS = 1_789_999_000_000;
const RATE_HZ = 8_000;
const BLOCK_MS = 100;
const EVENT_EVERY_BLOCKS = 8;

/** Onset, answer, barge-in: each a little elsewhere. */
const SCENES: readonly { durationMs: number; caller: Spans; agent: Spans }[] = [
  {
    durationMs: 5_000,
    caller: [[1_200, 2_300]],
    agent: [
      [200, 900],
      [2_900, 4_600],
    ],
  },
  {
    durationMs: 4_400,
    caller: [
      [300, 1_400],
      [2_600, 3_900],
    ],
    agent: [[1_900, 3_100]],
  },
  { durationMs: 3_600, caller: [[400, 1_500]], agent: [[2_000, 3_300]] },
  {
    durationMs: 6_000,
    caller: [
      [1_000, 1_900],
      [3_500, 3_800],
    ],
    agent: [[2_300, 5_200]],
  },
];

export const SCRIPTS: readonly Script[] = SCENES.map(({ durationMs, caller, agent }, index) => {
  const payload = interleaved(
    sideOf(durationMs, caller, RATE_HZ, 2 * index + 1),
    sideOf(durationMs, agent, RATE_HZ, 2 * index + 2),
  );
  const blockSamples = (BLOCK_MS * RATE_HZ) / 1_000;
  const said: Said[] = [];
  for (let block = 0; block * BLOCK_MS < durationMs; block += 1) {
    const from = block * blockSamples * 4;
    const piece = payload.subarray(from, from + blockSamples * 4);
    said.push({ type: 'audio', position: block * blockSamples, payload: piece });
    if (block % EVENT_EVERY_BLOCKS === EVENT_EVERY_BLOCKS - 1) said.push({ type: 'event', startMs: block * BLOCK_MS });
  }
  return { name: `scene ${index}`, said };
});

export const openOf = (tenant: string, callId: string): OpenCall =>
  openCall({ tenant, callId, startedAtMs: WALL_OF_START_MS, rateHz: RATE_HZ });

const calmRuns = new Map<string, readonly TableRow[]>();

/** The rows of a call whose log ends after so many messages, as one undisturbed worker writes them. */
export async function calmRows(
  script: Script,
  { tenant, callId }: { readonly tenant: string; readonly callId: string },
  messageCount: number,
  ending: Ending,
): Promise<readonly TableRow[]> {
  const key = JSON.stringify([script.name, tenant, callId, messageCount, ending]);
  const known = calmRuns.get(key);
  if (known !== undefined) return known;
  const open = openOf(tenant, callId);
  const facts = new Map<string, Fact>();
  const runner = createCallRunner(
    open,
    {
      batcher: fakeBatcher,
      load: () => Promise.resolve(null),
      record: () => Promise.resolve(),
      save: () => Promise.resolve(),
      store(told) {
        for (const fact of told) facts.set(fact.id, fact);
        return Promise.resolve();
      },
      commit: () => undefined,
      tell: () => undefined,
      begun: () => undefined,
      report({ error }) {
        throw error;
      },
      reportLost: () => undefined,
    },
    1_000_000,
    () => undefined,
  );
  const entry = (seq: number, message: TakenEntry['message']): TakenEntry => ({
    tenant,
    callId,
    seq,
    own: seq < 0,
    session: 'calm',
    position: seq + 1,
    message,
  });
  runner.take(entry(-1, { type: 'open', call: open, connectedAtMs: 0 }));
  script.said.slice(0, messageCount).forEach((said, seq) => {
    if (said.type === 'audio') runner.take(entry(seq, { ...said, lane: 'both', arrivedAtMs: WALL_OF_START_MS }));
  });
  runner.take(entry(messageCount, { type: 'close', ...ending }));
  await runner.idle();
  const rows = [...facts.values()].flatMap((fact) => factRows(fact, open));
  calmRuns.set(key, rows);
  return rows;
}
