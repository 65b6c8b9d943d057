/**
 * What was read of requests that could not be taken. A mapper has moved on with the messages that it read: read again they would
 * say less, or something else. So when the sender comes again, as it was asked to, what was read the first time is taken.
 */
import { createHash } from 'node:crypto';

const BYTES_MAX = 64 * 1_024 * 1_024;

export class Unsent<Read> {
  readonly #bytesMax: number;
  readonly #kept = new Map<string, { readonly read: Read; readonly bytes: number }>();
  #bytes = 0;

  /** Of bodies, together: beyond it the oldest go. */
  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  keep(names: readonly string[], body: Uint8Array, read: Read): void {
    this.take(names, body);
    this.#kept.set(keyOf(names, body), { read, bytes: body.byteLength });
    this.#bytes += body.byteLength;
    for (const [key, { bytes }] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#kept.delete(key);
      this.#bytes -= bytes;
    }
  }

  /** Once; undefined when this body was not kept. */
  take(names: readonly string[], body: Uint8Array): Read | undefined {
    if (this.#kept.size === 0) return undefined;
    const key = keyOf(names, body);
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    this.#bytes -= kept?.bytes ?? 0;
    return kept?.read;
  }
}

const keyOf = (names: readonly string[], body: Uint8Array): string =>
  createHash('sha256').update(JSON.stringify(names)).update(body).digest('base64');
