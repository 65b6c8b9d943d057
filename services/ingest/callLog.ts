/**
 * The writing end of one call's log: hands entries to the bus in order, keeps those for which it has no room, and says
 * when the sender's socket should not be read for a moment. Nothing is lost and nothing waits without a bound.
 */
import type { Bus, LogEntry } from '../../adapters/bus/bus.ts';
import { messageBytes } from '../../core/audio/message.ts';
import { Busy } from '../../core/units/errors.ts';

export type Reading = 'on' | 'off';

export interface CallLogOptions {
  readonly bus: Bus;
  readonly unackedBytesMax: number;
  readonly onDurable: (entry: LogEntry) => void;
  /** The bus could not keep an entry that it had taken. */
  readonly onLost: (error: Error) => void;
  readonly onReading: (reading: Reading) => void;
}

export class CallLog {
  readonly #options: CallLogOptions;
  readonly #held: LogEntry[] = [];
  #unackedBytes = 0;
  #reading: Reading = 'on';

  constructor(options: CallLogOptions) {
    this.#options = options;
  }

  get reading(): Reading {
    return this.#reading;
  }

  /** What comes after `off` is held; a paused socket delivers no more than what it had already read. */
  append(entry: LogEntry): void {
    if (this.#held.length > 0 || !this.#publish(entry)) this.#held.push(entry);
    if (this.#held.length > 0 || this.#unackedBytes > this.#options.unackedBytesMax) this.#setReading('off');
  }

  /**
   * Tries again. A call over its own bound is read on for a sip, not held for good: what is durable may depend on audio
   * that has still to come.
   */
  tick(): void {
    while (this.#held.length > 0) {
      if (!this.#publish(this.#held[0])) return;
      this.#held.shift();
    }
    this.#setReading('on');
  }

  /** False: the bus has no room and has taken nothing. */
  #publish(entry: LogEntry): boolean {
    const bytes = messageBytes(entry.message);
    try {
      this.#options.bus.publish(entry).then(
        () => {
          this.#unackedBytes -= bytes;
          this.#options.onDurable(entry);
        },
        (error: unknown) => this.#options.onLost(error as Error),
      );
    } catch (error) {
      if (error instanceof Busy) return false;
      throw error;
    }
    this.#unackedBytes += bytes;
    return true;
  }

  #setReading(reading: Reading): void {
    if (reading === this.#reading) return;
    this.#reading = reading;
    this.#options.onReading(reading);
  }
}
