/**
 * A worker to be killed: takes entries from the log, and every few of a call writes down what it has and then commits it. A line on
 * its standard output (written before the call returns) stands for a durable row. Arguments: broker, topic prefix, group.
 */
import { writeSync } from 'node:fs';
import { openKafkaBus } from '../../adapters/bus/kafkaBus.ts';
import { KAFKA_TUNING } from '../../adapters/bus/kafkaSettings.ts';
import { connectionTo } from '../support/kafkaTestBus.ts';

const DURABLE_EVERY = 8;

const [address, topicPrefix, groupId] = process.argv.slice(2);
const say = (...words: readonly (string | number)[]): void => {
  writeSync(1, `${words.join(' ')}\n`);
};
const waiting = new Map<string, number>();

const bus = await openKafkaBus({
  connection: connectionTo(address),
  topicPrefix,
  groupId,
  tuning: KAFKA_TUNING,
  hooks: {
    onAssigned: (partitions) => say('assigned', partitions.join(',')),
    onStuck: (partitions) => say('stuck', partitions.join(',')),
    onHole: ({ partition, fromOffset, toOffset }) => say('hole', partition, fromOffset, toOffset),
    onDeadLetter: ({ reason }) => say('dead', reason),
    onStopped: ({ topic }) => say('stopped', topic),
    onLag: () => undefined,
    onTrouble: () => undefined,
    onFactDropped: () => undefined,
    onClientLog: () => undefined,
  },
});
bus.consume({
  take({ tenant, callId, seq, position, message }) {
    say('taken', callId, seq);
    const count = (waiting.get(callId) ?? 0) + 1;
    if (count < DURABLE_EVERY && message.type !== 'close') {
      waiting.set(callId, count);
      return;
    }
    waiting.delete(callId);
    say('durable', callId, seq);
    bus.commit(tenant, callId, position);
  },
  revoked(calls) {
    for (const { callId } of calls) {
      waiting.delete(callId);
      say('revoked', callId);
    }
  },
});
process.on('SIGTERM', () => {
  void bus.close().then(() => process.exit(0));
});
