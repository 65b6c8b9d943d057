/** What running a call needs of the world around it. */
import type { CallName } from '../../adapters/bus/bus.ts';
import type { CallState, FoundState } from '../../adapters/clickhouse/callStates.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { ModelBatcher } from '../../core/inference/windowModel.ts';
import type { InvalidInput } from '../../core/units/errors.ts';

/** How a runner found its call. `orphan`: in the middle of its log, and nothing is known of it. */
export type Begun = 'new' | 'taken over' | 'anew' | 'ended' | 'orphan';

export interface RunnerPorts {
  readonly batcher: ModelBatcher;
  /** Tries until it can; rejects only when the process stops. */
  load(name: CallName): Promise<FoundState | null>;
  /** Resolves when the facts' rows are durable. */
  store(facts: readonly Fact[], call: OpenCall): Promise<void>;
  /** Resolves when what the sender reported is durable. */
  record(events: readonly SpeechEvent[], name: CallName): Promise<void>;
  /** Resolves when the state is durable; called after the rows before it are. */
  save(name: CallName, saved: CallState): Promise<void>;
  commit(name: CallName, position: number): void;
  /** `again`: it was told before, and somebody came who may not have heard it. */
  tell(fact: Fact, time: 'first' | 'again'): void;
  begun(name: CallName, how: Begun): void;
  report(failure: { call: CallName; error: Error }): void;
  /** The call's saved state cannot be read; it begins anew. */
  reportLost(loss: { call: CallName; error: InvalidInput }): void;
}
