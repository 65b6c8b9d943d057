/** A caller: Earshot's own client, with its protocol and its coming back, over the simulated network; it says its script and leaves. */
import type { WebSocket } from 'ws';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { Busy } from '../../core/units/errors.ts';
import type { CallPlan } from './plan.ts';
import { SCRIPTS, WALL_OF_START_MS, type Script } from './scripts.ts';
import type { Connection } from './simulatedNetwork.ts';
import type { VirtualTime } from './virtualTime.ts';

export interface SimulatedClient {
  readonly plan: CallPlan;
  readonly script: Script;
  /** The last message that it was told is safe. */
  readonly ackedSeq: number;
  readonly saidCount: number;
  readonly hasSaidBye: boolean;
  /** Null: as it should be. */
  readonly refusal: Error | null;
  readonly isSettled: boolean;
  readonly connection: Connection | null;
  /** What was saved of its call was made unreadable. */
  isSpoiled: boolean;
  connected(connection: Connection): void;
}

const RECONNECTS_MAX = 100_000;
const BUSY_PAUSE_MS = 100;
const KEPT_BYTES_MAX = 120_000;

export function startClient(
  plan: CallPlan,
  time: VirtualTime,
  openSocket: (client: () => SimulatedClient) => WebSocket,
): SimulatedClient {
  const script = SCRIPTS[plan.script];
  let client: EarshotClient | null = null;
  const state = {
    plan,
    script,
    ackedSeq: -1,
    saidCount: 0,
    hasSaidBye: false,
    refusal: null as Error | null,
    isSettled: false,
    connection: null as Connection | null,
    isSpoiled: false,
    connected(connection: Connection): void {
      state.connection = connection;
    },
  };

  function open(): EarshotClient {
    const opened = connectEarshot({
      url: 'simulated',
      hello: {
        tenant: plan.tenant,
        callId: plan.callId,
        encoding: 'pcm_s16le',
        rateHz: 8_000,
        layout: 'interleaved',
        channelOrder: ['caller', 'agent'],
        agentVersion: 'v1',
        startedAtMs: WALL_OF_START_MS,
      },
      reconnectsMax: RECONNECTS_MAX,
      keptBytesMax: KEPT_BYTES_MAX,
      openSocket: () => openSocket(() => state),
      onAck: (seq) => (state.ackedSeq = Math.max(state.ackedSeq, seq)),
    });
    opened.done.then(
      () => {
        state.isSettled = true;
        state.ackedSeq = script.said.length;
      },
      (error: Error) => {
        state.isSettled = true;
        if (plan.vanishesAfter === null || state.saidCount < plan.vanishesAfter) state.refusal = error;
      },
    );
    return opened;
  }

  function say(): void {
    if (state.isSettled) return;
    client ??= open();
    if (state.saidCount === plan.vanishesAfter) return client.close();
    if (state.saidCount === script.said.length) {
      state.hasSaidBye = true;
      client.bye().catch(() => undefined);
      return;
    }
    const said = script.said[state.saidCount];
    try {
      if (said.type === 'audio') client.sendAudio('both', said.position, said.payload);
      else client.report({ event: { type: 'turn_ended', role: 'caller', clock: 'call', startMs: said.startMs } });
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      time.after(BUSY_PAUSE_MS, say);
      return;
    }
    state.saidCount += 1;
    time.after(plan.everyMs, say);
  }

  time.after(plan.startMs, say);
  return state;
}
