/** The join role beside a store, with a writer of its own and all texts kept. */
import type { Bus } from '../../adapters/bus/bus.ts';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import { createRowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import { NO_PRICES } from '../../core/spans/prices.ts';
import { startJoining, type Joining, type JoiningOptions } from '../../services/join/startJoining.ts';

export function startTestJoining(
  bus: Bus,
  store: Store,
  hooks: Pick<JoiningOptions, 'onJoin' | 'onFailure'>,
): Pick<Joining, 'whenIdle' | 'close'> {
  const writer = createRowWriter(store, { rowsMax: 5_000, waitMs: 50, pendingRowsMax: 100_000 });
  const joining = startJoining({
    bus,
    store,
    writer,
    prices: NO_PRICES,
    policyOf: () => 'full',
    textTools: { hash: String, redact: String },
    heldTextBytesMax: 1_000_000,
    ...hooks,
  });
  return {
    whenIdle: () => joining.whenIdle(),
    async close() {
      await joining.close();
      await writer.close();
    },
  };
}
