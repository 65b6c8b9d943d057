/** The analyzer's end: what the world does not take is left, and nothing goes on that would keep the process alive. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { LogConsumer, LogEntry } from '../../adapters/bus/bus.ts';
import { createMemoryBus } from '../../adapters/bus/memoryBus.ts';
import type { CallStates } from '../../adapters/clickhouse/callStates.ts';
import { Busy } from '../../core/units/errors.ts';
import { openCall } from '../../test/support/calls.ts';
import { fakeBatcher } from '../../test/support/fakeBatcher.ts';
import { createAnalyzer, type AnalyzerOptions } from './analyzer.ts';

const call = openCall();
const opening: LogEntry = {
  tenant: call.tenant,
  callId: call.callId,
  seq: -1,
  own: true,
  session: 'first',
  message: { type: 'open', call, connectedAtMs: 0 },
};
const states = {
  load: () => Promise.resolve(null),
  row: () => ({ table: 'call_states', row: { state: '' } }),
} as unknown as CallStates;

const optionsOf = (changes: Partial<AnalyzerOptions>): AnalyzerOptions => ({
  bus: createMemoryBus({ bytesMax: 1_000_000 }),
  batcher: fakeBatcher,
  writer: { append: () => Promise.resolve() },
  states,
  stateEveryMs: 5_000,
  every: () => () => undefined,
  ...changes,
});

const refuse = (tries: { count: number }) => () => {
  tries.count += 1;
  throw new Busy('full', 1);
};

for (const what of ['rows', 'reports'] as const) {
  test(`${what} for which there is never room are tried while the analyzer drains, and no longer`, async () => {
    const tries = { count: 0 };
    const failures: Error[] = [];
    const memory = createMemoryBus({ bytesMax: 1_000_000 });
    let consumer: LogConsumer | null = null;
    const bus = {
      ...memory,
      consume: (next: LogConsumer) => void (consumer = next),
      ...(what === 'reports' ? { publishReports: refuse(tries) } : {}),
    };
    const analyzer = createAnalyzer(
      optionsOf({
        bus,
        ...(what === 'rows' ? { writer: { append: refuse(tries) } } : {}),
        hooks: { onFailure: ({ error }) => failures.push(error) },
      }),
    );
    const taker = consumer as LogConsumer | null;
    taker?.take({ ...opening, position: 1 });
    taker?.take({ ...opening, message: { type: 'report', events: [] }, position: 2 });
    await analyzer.close(30);
    const { count } = tries;
    assert.ok(count > 1, `tried ${count} times`);
    await pause(30);
    assert.ok(tries.count <= count + 1, `${tries.count - count} tries after the end`);
    assert.deepEqual(failures, []);
  });
}

test('a call that is looked for in a store that is away is let go at the end, untold', async () => {
  const failures: Error[] = [];
  let asked = 0;
  const bus = createMemoryBus({ bytesMax: 1_000_000 });
  const analyzer = createAnalyzer(
    optionsOf({
      bus,
      states: {
        ...states,
        load() {
          asked += 1;
          return Promise.reject(new Error('away'));
        },
      },
      hooks: { onFailure: ({ error }) => failures.push(error) },
    }),
  );
  void bus.publish(opening);
  await analyzer.close();
  assert.deepEqual([asked, failures], [1, []]);
});
