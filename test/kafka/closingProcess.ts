/** A process that uses every end of the bus and closes it when told to; then nothing should keep it alive. */
import { openKafkaBus } from '../../adapters/bus/kafkaBus.ts';
import { connectionTo, hooksInto, TEST_TUNING } from '../support/kafkaTestBus.ts';

const [address, topicPrefix, groupId] = process.argv.slice(2);
const bus = await openKafkaBus({
  connection: connectionTo(address),
  topicPrefix,
  groupId,
  tuning: TEST_TUNING,
  hooks: hooksInto().hooks,
});
bus.consume({ take: () => undefined, revoked: () => undefined });
bus.consumeReports({
  take: () => Promise.resolve(),
  notice: () => Promise.resolve(),
  owned: () => undefined,
});
bus.subscribeFacts(() => undefined);
await bus.ready();
process.once('message', () => {
  void bus.close().then(() => process.disconnect());
});
process.send?.('ready');
