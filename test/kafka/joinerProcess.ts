/**
 * A process that joins, to be killed: takes its share of the reports from Kafka and writes to a ClickHouse server. Says `joined`
 * with the number of calls on its standard output. Arguments: broker, topic prefix, group, URL of the store.
 */
import { writeSync } from 'node:fs';
import { openKafkaBus } from '../../adapters/bus/kafkaBus.ts';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { startTestJoining } from '../support/testJoining.ts';
import { connectionTo, hooksInto, TEST_TUNING } from '../support/kafkaTestBus.ts';

const [address, topicPrefix, groupId, url] = process.argv.slice(2);
const say = (...words: readonly (string | number)[]): void => {
  writeSync(1, `${words.join(' ')}\n`);
};

const store = await openStore({ kind: 'server', url });
const bus = await openKafkaBus({
  connection: connectionTo(address),
  topicPrefix,
  groupId,
  tuning: TEST_TUNING,
  hooks: hooksInto().hooks,
});
const joining = startTestJoining(bus, store, {
  onJoin: ({ calls }) => say('joined', calls),
  onFailure: ({ error }) => say('failed', error.message.split('\n')[0]),
});
await bus.ready();
say('ready');
process.on('SIGTERM', () => {
  void joining
    .close()
    .then(() => bus.close())
    .then(() => store.close())
    .then(() => process.exit(0));
});
