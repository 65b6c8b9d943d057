/** Records that cannot be read: kept as they came in a topic of their own, with the reason and the place they came from. */
import type { KafkaMessage } from 'kafkajs';
import { Busy } from '../../core/units/errors.ts';
import type { KafkaSender } from './kafkaSender.ts';
import { pause } from './waiting.ts';

export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly reason: string;
}

/** Resolves when the dead letter is with the brokers: only then may its reader go on. */
export type Bury = (from: Omit<DeadLetter, 'offset' | 'reason'>, message: KafkaMessage, error: Error) => Promise<void>;

const REASON_LENGTH_MAX = 500;

export const createDeadLetters =
  (sender: KafkaSender, topic: string, onDeadLetter: (letter: DeadLetter) => void): Bury =>
  async (from, message, error) => {
    const reason = error.message.slice(0, REASON_LENGTH_MAX);
    const letter = { ...from, offset: message.offset, reason };
    const headers = { reason, topic: from.topic, partition: String(from.partition), offset: message.offset };
    const record = { topic, key: message.key, value: message.value ?? Buffer.alloc(0), headers };
    for (;;) {
      try {
        await sender.send([record]);
        return onDeadLetter(letter);
      } catch (refusal) {
        if (!(refusal instanceof Busy)) throw refusal;
        await pause(refusal.retryAfterMs);
      }
    }
  };
