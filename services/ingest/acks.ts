/** What of a call is durable, and how far its sender was told so: one acknowledgement tells of many messages. */

export class Acks {
  readonly #tell: (seq: number) => void;
  #ackedSeq: number;
  #toldSeq: number;
  /** Numbers taken by messages that are not in the log; acknowledged together with what lies before them. */
  readonly #unloggedSeqs: number[] = [];
  #isScheduled = false;

  constructor(durableSeq: number, tell: (seq: number) => void) {
    this.#ackedSeq = durableSeq;
    this.#toldSeq = durableSeq;
    this.#tell = tell;
  }

  /** Durable up to and including this message; -1 when nothing is yet. */
  get ackedSeq(): number {
    return this.#ackedSeq;
  }

  durable(seq: number): void {
    this.#ackedSeq = Math.max(this.#ackedSeq, seq);
    this.#passUnlogged();
  }

  /** A number that was taken and has nothing to become durable. */
  unlogged(seq: number): void {
    this.#unloggedSeqs.push(seq);
    this.#passUnlogged();
  }

  /** A commit covers many messages at once: told when all of them are known. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.tellNow();
    });
  }

  tellNow(): void {
    if (this.#ackedSeq <= this.#toldSeq) return;
    this.#toldSeq = this.#ackedSeq;
    this.#tell(this.#ackedSeq);
  }

  #passUnlogged(): void {
    while (this.#unloggedSeqs.length > 0 && this.#unloggedSeqs[0] <= this.#ackedSeq + 1) {
      this.#ackedSeq = Math.max(this.#ackedSeq, this.#unloggedSeqs.shift() ?? 0);
    }
  }
}
