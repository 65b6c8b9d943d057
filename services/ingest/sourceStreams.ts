/** The mappers of streams that are being reported: some messages can only be read by who has read those before them. */
import type { EventMapper } from '../../adapters/events/mapper.ts';

interface Stream {
  readonly mapper: EventMapper;
  usedAtMs: number;
}

const IDLE_MS_MAX = 10 * 60_000;
const STREAMS_MAX = 20_000;

export class SourceStreams {
  readonly #nowMs: () => number;
  readonly #streams = new Map<string, Stream>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The mapper of the stream that these names tell apart; a new one when it has been idle for long. */
  of(names: readonly string[], create: () => EventMapper): EventMapper {
    const key = names.join('\u0000');
    const nowMs = this.#nowMs();
    const stream = this.#streams.get(key) ?? { mapper: create(), usedAtMs: nowMs };
    stream.usedAtMs = nowMs;
    // Moved to the end: the map is in the order of use.
    this.#streams.delete(key);
    this.#streams.set(key, stream);
    for (const [oldest, { usedAtMs }] of this.#streams) {
      if (this.#streams.size <= STREAMS_MAX && nowMs - usedAtMs <= IDLE_MS_MAX) break;
      this.#streams.delete(oldest);
    }
    return stream.mapper;
  }
}
