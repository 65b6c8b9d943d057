/**
 * Records that cannot be read: kept as they came in a topic of their own, with the reason and the place they came from. Where too
 * many come, the mistake is not theirs: that topic is read no further until this process is started anew.
 */
import type { KafkaMessage } from 'kafkajs';
import type { KafkaSender } from './kafkaSender.ts';
import { whenTaken } from './waiting.ts';

export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly reason: string;
}

/**
 * `buried`: the dead letter is with the brokers, and only now may its reader go on. `stopped`: it is not, and its reader is to
 * leave it and all that follows where it is.
 */
export type Bury = (
  from: Omit<DeadLetter, 'offset' | 'reason'>,
  message: KafkaMessage,
  error: Error,
) => Promise<'buried' | 'stopped'>;

export interface DeadLettersOptions {
  readonly sender: KafkaSender;
  /** Where they are kept. */
  readonly topic: string;
  /** Of one topic, within a minute. */
  readonly lettersMax: number;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  /** Told once a topic, with the record at which reading stopped. */
  readonly onStopped: (letter: DeadLetter) => void;
  readonly nowMs?: () => number;
}

export interface DeadLetters {
  readonly bury: Bury;
  /** Topics that are read no further. */
  readonly stopped: ReadonlySet<string>;
}

const REASON_LENGTH_MAX = 500;
const WINDOW_MS = 60_000;

export function createDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { sender, topic, lettersMax, onDeadLetter, onStopped, nowMs = () => performance.now() } = options;
  const stopped = new Set<string>();
  /** When each of the last minute came, by topic. */
  const recent = new Map<string, number[]>();

  function isTooMany(from: string): boolean {
    const sinceMs = nowMs() - WINDOW_MS;
    const within = (recent.get(from) ?? []).filter((atMs) => atMs > sinceMs);
    recent.set(from, within);
    if (within.length >= lettersMax) return true;
    within.push(nowMs());
    return false;
  }

  return {
    stopped,
    async bury(from, message, error) {
      if (stopped.has(from.topic)) return 'stopped';
      const reason = error.message.slice(0, REASON_LENGTH_MAX);
      const letter = { ...from, offset: message.offset, reason };
      if (isTooMany(from.topic)) {
        stopped.add(from.topic);
        onStopped(letter);
        return 'stopped';
      }
      const headers = { reason, topic: from.topic, partition: String(from.partition), offset: message.offset };
      const record = { topic, key: message.key, value: message.value ?? Buffer.alloc(0), headers };
      await whenTaken(() => sender.send([record]));
      onDeadLetter(letter);
      return 'buried';
    },
  };
}
