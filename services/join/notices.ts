/**
 * What has to be told to the processes that join calls which are not this one's: that something was recorded of a call here, or
 * that it was this one's and waited to be joined, with the texts that are held of it.
 */
import type { CallNotice, HeldText, IsMine } from '../../adapters/bus/bus.ts';
import { callKeyOf } from '../../core/facts/callKey.ts';
import { bytesOf, type HeldTexts } from './heldTexts.ts';

export interface NoticesOptions {
  readonly texts: HeldTexts;
  /** Resolves when the notices cannot be lost any more. */
  readonly notify: (notices: readonly CallNotice[]) => Promise<void>;
  readonly isMine: IsMine;
}

interface Waiting {
  readonly tenant: string;
  readonly callId: string;
  readonly keys: readonly string[];
}

/** Well under what a record may hold, whatever alphabet the text is in. */
const NOTICE_BYTES_MAX = 200_000;
const NOTICES_MAX = 200;

export class Notices {
  readonly #options: NoticesOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** `keys`: the names under which texts of it may be held. */
  add({ tenant, callId, keys }: Waiting): void {
    const key = callKeyOf({ tenant, callId });
    // Whoever has let go of a call once knows fewer of its names the next time.
    const known = this.#waiting.get(key)?.keys ?? [];
    this.#waiting.set(key, { tenant, callId, keys: [...new Set([...known, ...keys])] });
  }

  /** Names of calls that have come back to this process before anybody was told: nothing is to be sent of them. */
  takeMine(): readonly { readonly tenant: string; readonly callId: string }[] {
    const mine = [...this.#waiting].filter(([, { tenant, callId }]) => this.#options.isMine(tenant, callId));
    for (const [key] of mine) this.#waiting.delete(key);
    return mine.map(([, call]) => call);
  }

  /** What could not be sent waits on, and its texts stay here. */
  async send(): Promise<void> {
    const { texts, notify, isMine } = this.#options;
    while (this.#waiting.size > 0) {
      const some = [...this.#waiting].slice(0, NOTICES_MAX);
      const sent = some.map(([key, { tenant, callId, keys }]) => {
        this.#waiting.delete(key);
        return { tenant, keys, held: texts.of(tenant, keys), callId };
      });
      try {
        await notify(sent.flatMap(({ tenant, callId, held }) => noticesOf(tenant, callId, held)));
      } catch (error) {
        for (const [key, waiting] of some) if (!this.#waiting.has(key)) this.#waiting.set(key, waiting);
        throw error;
      }
      // A call that is this process's again by now has its notice come here, and its texts are to be here still.
      for (const { tenant, callId, held } of sent) if (!isMine(tenant, callId)) texts.release(held);
    }
  }
}

/** At least one, and as many as its texts need. */
function noticesOf(tenant: string, callId: string, held: readonly HeldText[]): CallNotice[] {
  const groups: HeldText[][] = [[]];
  let bytes = 0;
  for (const text of held) {
    const size = bytesOf(text);
    if (bytes > 0 && bytes + size > NOTICE_BYTES_MAX) {
      groups.push([]);
      bytes = 0;
    }
    groups[groups.length - 1].push(text);
    bytes += size;
  }
  return groups.map((texts) => ({ tenant, callId, texts }));
}
