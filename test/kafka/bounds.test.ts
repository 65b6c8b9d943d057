/**
 * Where the bus stops, over a real broker: at the bound of what is not committed, and where too much of a topic cannot be read.
 * And how far behind the analysis is, told in entries and in time.
 */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { Reports } from '../../adapters/bus/bus.ts';
import { kafkaClient } from '../../adapters/bus/kafkaSettings.ts';
import { patiently } from '../../adapters/bus/waiting.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import type { Score } from '../../core/events/score.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { SampleIndex } from '../../core/units/time.ts';
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafkaBroker.ts';
import { connectionTo, freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { audioEntry, collector } from '../support/logEntries.ts';

const LETTERS_MAX = 5;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

void describe('over a real broker', { skip: reason ?? false }, () => {
  let broker: KafkaBroker;
  before(async () => (broker = await startKafka()));
  after(() => broker.close());

  test('a consumer that is full leaves the rest with the brokers, and goes on when it has committed', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 2 });
    const { bus } = await openTestBus(t, broker.address, topics, { uncommittedBytesMax: 20_000 });
    const taken = collector();
    const entries = Array.from({ length: 200 }, (_, seq) => audioEntry('a', seq, 1_000));
    await Promise.all(entries.map((entry) => bus.publish(entry)));
    let peakBytes = 0;
    bus.consume({
      take(entry) {
        taken.take(entry);
        peakBytes = Math.max(peakBytes, bus.uncommittedBytes);
        // What is durable follows the work, as it does in earnest.
        setTimeout(() => bus.commit('t', 'a', entry.position), 5);
      },
    });
    await taken.count(entries.length);
    assert.deepEqual(
      taken.seqsOf('a'),
      entries.map(({ seq }) => seq),
    );
    assert.ok(peakBytes < 30_000, `${peakBytes} bytes were out at once`);
  });

  test('a full consumer that commits nothing gets no more, says how much waits, and goes on when it commits', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 1 });
    const { bus, told } = await openTestBus(t, broker.address, topics, { uncommittedBytesMax: 5_000 });
    const taken = collector();
    await Promise.all(Array.from({ length: 12 }, (_, seq) => bus.publish(audioEntry('a', seq, 1_000))));
    bus.consume(taken);
    await taken.count(5);
    told.lags.length = 0;
    await told.until(() => told.lags.length >= 2);
    assert.deepEqual([taken.entries.length, told.lags], [5, [7, 7]]);
    // Not below three quarters of the bound yet.
    bus.commit('t', 'a', taken.positionOf('a', 0));
    await told.until(() => told.lags.length >= 3);
    assert.deepEqual([taken.entries.length, told.lags.at(-1)], [5, 7]);
    bus.commit('t', 'a', taken.positionOf('a', 4));
    await taken.count(10);
    bus.commit('t', 'a', taken.positionOf('a', 9));
    await taken.count(12);
    await told.until(() => told.lags.at(-1) === 0);
    assert.deepEqual(taken.seqsOf('a'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.deepEqual(told.stuck, []);
  });

  test('how far the analysis is behind in time is known to whoever asks, from the first question on', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 2 });
    const { bus } = await openTestBus(t, broker.address, topics);
    // Just created, the partitions may not be led yet.
    const first = await patiently(
      () => bus.logDelayMs(),
      () => true,
      () => undefined,
    );
    assert.equal(first, 0);
    // Calls on both partitions; nobody reads yet.
    const firstAtMs = performance.now();
    for (const call of ['a', 'b', 'c', 'd']) await bus.publish(audioEntry(call, 0));
    const late = await openTestBus(t, broker.address, topics);
    for (let delayMs = 0; delayMs < 6_000; delayMs = await late.bus.logDelayMs()) {
      assert.ok(delayMs <= performance.now() - firstAtMs);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const waitedMs = performance.now() - firstAtMs;
    assert.ok(waitedMs < 9_000, `6 s behind was known after ${Math.round(waitedMs)} ms`);
    // One that comes later knows it at once, to the distance of its looks back.
    const later = await openTestBus(t, broker.address, topics);
    const firstAnswerMs = await later.bus.logDelayMs();
    assert.ok(firstAnswerMs >= 5_000 && firstAnswerMs <= performance.now() - firstAtMs, `${firstAnswerMs} ms`);
    const taken = collector();
    bus.consume(taken);
    await taken.count(4);
    // All but one call are durable: that one still counts.
    for (const call of ['a', 'b', 'c']) bus.commit('t', call, taken.positionOf(call, 0));
    assert.ok((await late.bus.logDelayMs()) >= 6_000);
    bus.commit('t', 'd', taken.positionOf('d', 0));
    while ((await late.bus.logDelayMs()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const questions = 50;
    const askedAtMs = performance.now();
    const before = process.cpuUsage();
    for (let index = 0; index < questions; index += 1) await late.bus.logDelayMs();
    const { user, system } = process.cpuUsage(before);
    const each = (whole: number): number => Math.round((whole / questions) * 100) / 100;
    t.diagnostic(
      `a question takes ${each(performance.now() - askedAtMs)} ms, ${each((user + system) / 1_000)} ms of processor`,
    );
  });

  /** Records that nobody can read, to one partition of a topic. */
  async function spoil(t: TestContext, topic: string, count: number): Promise<void> {
    const producer = kafkaClient(connectionTo(broker.address)).producer();
    await producer.connect();
    t.after(() => producer.disconnect());
    await producer.send({
      topic,
      messages: Array.from({ length: count }, () => ({ key: 't/a', value: 'what is this' })),
    });
  }

  test('a log of which too much cannot be read is read no further, loses nothing, and a restart goes on', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 1 });
    const first = await openTestBus(t, broker.address, topics, { deadLettersMax: LETTERS_MAX });
    const taken = collector();
    first.bus.consume(taken);
    await first.bus.publish(audioEntry('a', 0));
    await spoil(t, `${topics.prefix}log`, LETTERS_MAX + 2);
    await first.bus.publish(audioEntry('a', 1));
    await first.told.until(() => first.told.stopped.length > 0);
    assert.equal(first.bus.isHealthy, false);
    assert.equal(first.told.deadLetters.length, LETTERS_MAX);
    assert.deepEqual(
      first.told.stopped.map(({ topic, offset }) => [topic, offset]),
      [[`${topics.prefix}log`, String(LETTERS_MAX + 1)]],
    );
    // What was taken before is still committed, and the rest waits.
    first.bus.commit('t', 'a', taken.positionOf('a', 0));
    first.told.lags.length = 0;
    await first.told.until(() => first.told.lags.length >= 2);
    assert.deepEqual([taken.entries.length, first.told.lags], [1, [3, 3]]);
    await first.bus.close();

    const second = await openTestBus(t, broker.address, topics, { deadLettersMax: LETTERS_MAX });
    const again = collector();
    second.bus.consume(again);
    await again.count(1);
    assert.deepEqual([again.seqsOf('a'), second.told.deadLetters.length, second.bus.isHealthy], [[1], 2, true]);
  });

  test('a topic of reports of which too many cannot be read is read no further, and the other topics are', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 1 });
    const first = await openTestBus(t, broker.address, topics, { deadLettersMax: LETTERS_MAX });
    const seen: string[] = [];
    const came = new EventEmitter();
    const take = ({ events, scores }: Reports): Promise<void> => {
      seen.push(...events.map(({ id }) => id), ...scores.map(({ name }) => name));
      came.emit('change');
      return Promise.resolve();
    };
    const untilSeen = async (count: number): Promise<void> => {
      while (seen.length < count) await once(came, 'change');
    };
    const [before, behind] = [event(0), event(1)];
    await first.bus.publishReports({ tenant: 't', events: [before], spans: [], scores: [] });
    await spoil(t, `${topics.prefix}events`, LETTERS_MAX + 1);
    await first.bus.publishReports({ tenant: 't', events: [behind], spans: [], scores: [] });
    first.bus.consumeReports({ take, notice: () => Promise.resolve(), owned: () => undefined });
    await first.told.until(() => first.told.stopped.length > 0);
    await untilSeen(1);
    await first.bus.publishReports({ tenant: 't', events: [], spans: [], scores: [score] });
    await untilSeen(2);
    assert.deepEqual(seen, [before.id, score.name]);
    assert.deepEqual([first.told.deadLetters.length, first.bus.isHealthy], [LETTERS_MAX, false]);
    await first.bus.close();

    const second = await openTestBus(t, broker.address, topics, { deadLettersMax: LETTERS_MAX });
    second.bus.consumeReports({ take, notice: () => Promise.resolve(), owned: () => undefined });
    await untilSeen(3);
    assert.deepEqual(seen.slice(2), [behind.id]);
    assert.deepEqual([second.told.deadLetters.length, second.bus.isHealthy], [1, true]);
  });

  test('facts of which too many cannot be read are heard no further', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 1 });
    const { bus, told } = await openTestBus(t, broker.address, topics, { deadLettersMax: LETTERS_MAX });
    const heard: string[] = [];
    bus.subscribeFacts(({ id }) => heard.push(id));
    await bus.ready();
    await spoil(t, `${topics.prefix}facts`, LETTERS_MAX + 1);
    bus.publishFact(fact('1'));
    await told.until(() => told.stopped.length > 0);
    assert.deepEqual([heard, told.deadLetters.length, bus.isHealthy], [[], LETTERS_MAX, false]);
    // The log is read as before.
    const taken = collector();
    bus.consume(taken);
    await bus.publish(audioEntry('a', 0));
    await taken.count(1);
  });
});

const event = (index: number): SpeechEvent =>
  eventOf(
    { type: 'turn_ended', role: 'caller', occurredAtMs: 1_790_000_000_000 + index, startMs: index },
    { tenant: 't', callKey: 'a', source: 'test', receivedAtMs: 1_790_000_000_500 },
  );

const score: Score = {
  id: 's1',
  tenant: 't',
  callKey: 'a',
  name: 'polite',
  value: 0.1,
  label: '',
  explanation: '',
  source: 'a person',
  traceId: '',
  spanId: '',
  turnId: '',
  turnIndex: null,
  mediaMs: null,
  receivedAtMs: 1_790_000_000_000,
};

const fact = (id: string): Fact => ({
  kind: 'speech',
  status: 'final',
  revision: 1,
  id,
  tenant: 't',
  callId: 'a',
  startWallMs: 1_790_000_000_000,
  channel: 'caller',
  startSample: 0 as SampleIndex,
  endSample: null,
  levelDbfs: -20.5,
  probabilityMean: 0.9,
});
