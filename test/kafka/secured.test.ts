/** Over TLS with names and passwords: what is right opens the broker and carries entries, what is wrong is told and takes nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { openKafkaBus, type KafkaBus } from '../../adapters/bus/kafkaBus.ts';
import type { KafkaConnection } from '../../adapters/bus/kafkaSettings.ts';
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafkaBroker.ts';
import { freshTopics, hooksInto, TEST_TUNING } from '../support/kafkaTestBus.ts';
import { audioEntry, collector } from '../support/logEntries.ts';
import { makeTlsKeys, type TlsKeys } from '../support/tlsKeys.ts';

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

void describe('over a real broker with TLS', { skip: reason ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-keys-'));
  let keys: TlsKeys;
  let broker: KafkaBroker;
  before(async () => {
    keys = makeTlsKeys(folder);
    broker = await startKafka(keys);
  });
  after(async () => {
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(t: TestContext, connection: Partial<KafkaConnection>): Promise<KafkaBus> {
    const { prefix, groupId } = await freshTopics(broker.address);
    const bus = await openKafkaBus({
      connection: {
        brokers: [broker.tlsAddress],
        clientId: 'earshot-test',
        tls: { ca: keys.certificate },
        sasl: null,
        ...connection,
      },
      topicPrefix: prefix,
      groupId,
      tuning: TEST_TUNING,
      hooks: hooksInto().hooks,
    });
    t.after(() => bus.close());
    return bus;
  }

  for (const mechanism of MECHANISMS) {
    test(`${mechanism}: entries travel with the right password, and not with a wrong one`, async (t) => {
      const sasl = { mechanism, username: 'earshot', password: broker.saslPassword };
      await assert.rejects(open(t, { sasl: { ...sasl, password: 'wrong' } }), /SASL|Authentication|credentials/i);
      const bus = await open(t, { sasl });
      const taken = collector();
      bus.consume(taken);
      await Promise.all([0, 1, 2].map((seq) => bus.publish(audioEntry('a', seq))));
      await taken.count(3);
      assert.deepEqual(
        taken.entries,
        [0, 1, 2].map((seq) => audioEntry('a', seq)),
      );
    });
  }

  test('a broker whose certificate is not known is not talked to', async (t) => {
    const sasl = { mechanism: 'plain', username: 'earshot', password: broker.saslPassword } as const;
    await assert.rejects(open(t, { tls: {}, sasl }), /certificate/i);
  });

  test('a broker that does not have the name in its certificate is not talked to', async (t) => {
    const sasl = { mechanism: 'plain', username: 'earshot', password: broker.saslPassword } as const;
    const tls = { ca: keys.certificate, serverName: 'kafka.example' };
    await assert.rejects(open(t, { tls, sasl }), /certificate|altnames|host/i);
  });
});
