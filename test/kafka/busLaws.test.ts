/** The Kafka bus under the laws of every bus, over a real broker. */
import { after, before, describe, test } from 'node:test';
import { openKafkaBus, type KafkaBus } from '../../adapters/bus/kafkaBus.ts';
import { busLaws, type LawBus } from '../support/busLaws.ts';
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafkaBroker.ts';
import { connectionTo, freshTopics, hooksInto, TEST_TUNING } from '../support/kafkaTestBus.ts';

const reason = await whyNoKafka();
if (reason === null) {
  let broker: KafkaBroker;
  void describe('over a real broker', () => {
    before(async () => (broker = await startKafka()));
    after(() => broker.close());

    busLaws('Kafka bus', async () => {
      const { prefix, groupId } = await freshTopics(broker.address);
      const opened: KafkaBus[] = [];
      const open = async (sendBytesMax: number): Promise<LawBus> => {
        const bus = await openKafkaBus({
          connection: connectionTo(broker.address),
          topicPrefix: prefix,
          groupId,
          tuning: { ...TEST_TUNING, sendBytesMax },
          hooks: hooksInto().hooks,
        });
        opened.push(bus);
        return {
          bus,
          ready: () => bus.ready(),
          async reopen() {
            await bus.close();
            return open(sendBytesMax);
          },
        };
      };
      return {
        open,
        async close() {
          await Promise.all(opened.map((bus) => bus.close()));
        },
      };
    });
  });
} else {
  console.error(`!! the bus is not tested over Kafka: ${reason}`);
  test('the laws of the bus over Kafka', { skip: reason }, () => undefined);
}
