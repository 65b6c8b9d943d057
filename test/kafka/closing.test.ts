/** A bus that is closed while its brokers are away leaves nothing behind that would keep its process from ending. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { freshTopics } from '../support/kafkaTestBus.ts';

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test('closed without a broker, its process ends by itself', { skip: reason ?? false, timeout: 120_000 }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.close());
  const { prefix, groupId } = await freshTopics(broker.address);
  const child = fork(fileURLToPath(new URL('./closingProcess.js', import.meta.url)), [broker.address, prefix, groupId]);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'message');
  await broker.halt('gently');
  child.send('close');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0);
});
