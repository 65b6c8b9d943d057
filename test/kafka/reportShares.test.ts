/** Shares of reports over a real broker: what is keyed by a call comes to its one owner, and a taker that takes its time keeps it. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { IsMine, Reports } from '../../adapters/bus/bus.ts';
import type { KafkaBus } from '../../adapters/bus/kafkaBus.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafkaBroker.ts';
import { freshTopics, openTestBus, TEST_TUNING, type TestTopics } from '../support/kafkaTestBus.ts';

const CALLS = Array.from({ length: 200 }, (_, index) => `call-${index}`);

const reportsOf = (callKey: string): Reports => ({
  tenant: 't',
  events: [eventOf({ type: 'turn_ended' }, { tenant: 't', callKey, source: 's', receivedAtMs: 1_790_000_000_000 })],
  spans: [],
  scores: [],
});

const reason = await whyNoKafka();
if (reason === null) {
  let broker: KafkaBroker;
  void describe('over a real broker', () => {
    before(async () => (broker = await startKafka()));
    after(() => broker.close());

    interface Taker {
      readonly bus: KafkaBus;
      readonly handed: string[];
      readonly taken: string[];
      readonly changed: EventEmitter;
      isMine: IsMine;
      shares: number;
    }

    async function openTaker(t: TestContext, topics: TestTopics, tookMs = 0): Promise<Taker> {
      const { bus } = await openTestBus(t, broker.address, topics);
      const taker: Taker = { bus, handed: [], taken: [], changed: new EventEmitter(), isMine: () => false, shares: 0 };
      bus.consumeReports({
        async take({ events }) {
          taker.handed.push(...events.map(({ callKey }) => callKey));
          taker.changed.emit('change');
          if (tookMs > 0) await wait(tookMs);
          taker.taken.push(...events.map(({ callKey }) => callKey));
          taker.changed.emit('change');
        },
        notice: () => Promise.resolve(),
        owned(isMine) {
          taker.isMine = isMine;
          taker.shares += 1;
          taker.changed.emit('change');
        },
      });
      await bus.ready();
      return taker;
    }

    const until = async ({ changed }: Taker, holds: () => boolean): Promise<void> => {
      while (!holds()) await once(changed, 'change');
    };
    const countOf = ({ isMine }: Taker): number => CALLS.filter((call) => isMine('t', call)).length;

    test('each call has one owner, who takes its events; who goes leaves its calls to the others', async (t) => {
      const topics = await freshTopics(broker.address, { partitions: 8 });
      const first = await openTaker(t, topics);
      assert.equal(countOf(first), CALLS.length);
      const second = await openTaker(t, topics);
      await until(first, () => countOf(first) + countOf(second) === CALLS.length);
      for (const taker of [first, second]) assert.ok(countOf(taker) > CALLS.length / 4, `${countOf(taker)} calls`);
      const isFirst = new Map(CALLS.map((call) => [call, first.isMine('t', call)]));
      await Promise.all(CALLS.map((call) => first.bus.publishReports(reportsOf(call))));
      await until(first, () => first.taken.length >= countOf(first));
      await until(second, () => second.taken.length >= countOf(second));
      assert.ok(first.taken.every((call) => isFirst.get(call)));
      assert.ok(second.taken.every((call) => !isFirst.get(call)));
      await second.bus.close();
      await until(first, () => countOf(first) === CALLS.length);
    });

    test('a taker that takes longer than a session keeps its share, and is handed nothing twice', async (t) => {
      const topics = await freshTopics(broker.address, { partitions: 1 });
      const taker = await openTaker(t, topics, TEST_TUNING.sessionTimeoutMs + 2_000);
      await taker.bus.publishReports(reportsOf('slow'));
      await until(taker, () => taker.handed.length > 0);
      const { shares } = taker;
      await until(taker, () => taker.taken.length > 0);
      assert.deepEqual(taker.handed, ['slow']);
      assert.equal(taker.shares, shares);
      await taker.bus.close();
      const next = await openTaker(t, topics);
      await next.bus.publishReports(reportsOf('later'));
      await until(next, () => next.taken.length > 0);
      assert.deepEqual(next.taken, ['later'], 'what was taken is committed');
    });
  });
} else {
  console.error(`!! shares of reports are not tested over Kafka: ${reason}`);
  test('shares of reports', { skip: reason }, () => undefined);
}
