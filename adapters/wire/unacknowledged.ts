/** What a client has sent, or has yet to send, and the server has not acknowledged: numbered, in order, and bounded. */
export class Unacknowledged {
  readonly #bytesMax: number;
  #messages: (string | Uint8Array)[] = [];
  #firstSeq = 0;
  #bytes = 0;
  #waiting: (() => void)[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Goes on with this number; only while nothing is kept. */
  skipTo(seq: number): void {
    this.#firstSeq = Math.max(this.#firstSeq, seq);
  }

  /** Number of the oldest message that is still here. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  get nextSeq(): number {
    return this.#firstSeq + this.#messages.length;
  }

  get count(): number {
    return this.#messages.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  keep(message: string | Uint8Array): void {
    this.#messages.push(message);
    this.#bytes += message.length;
  }

  acknowledge(seq: number): void {
    const acknowledged = this.#messages.splice(0, Math.max(0, seq + 1 - this.#firstSeq));
    this.#firstSeq += acknowledged.length;
    for (const message of acknowledged) this.#bytes -= message.length;
    this.#wake();
  }

  from(seq: number): (string | Uint8Array)[] {
    return this.#messages.slice(seq - this.#firstSeq);
  }

  clear(): void {
    this.acknowledge(this.nextSeq - 1);
  }

  /** Resolves when half of the room is free. */
  drained(): Promise<void> {
    if (this.#isRoomy) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get #isRoomy(): boolean {
    return this.#bytes <= this.#bytesMax / 2;
  }

  #wake(): void {
    if (!this.#isRoomy) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
