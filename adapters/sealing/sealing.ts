/**
 * Seals what may not lie anywhere in the clear (AES-256-GCM): whoever lacks the secret can neither read it nor change it
 * unnoticed, nor pass one thing off as another, since what is sealed is bound to its context.
 *
 *     format (1 byte) | id of the key (4) | nonce (12) | ciphertext | tag (16)
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { InvalidInput } from '../../core/units/errors.ts';

export interface Sealing {
  /** `context` is not kept: it has to be the same when the seal is opened. */
  seal(plain: Uint8Array, context: string): Buffer;
  /** Throws InvalidInput `state_unreadable`. */
  open(sealed: Uint8Array, context: string): Buffer;
}

const FORMAT = 1;
const KEY_ID_BYTES = 4;
/** Random, so a key is good for 2^32 seals: more than a year of the states of 500 calls at once. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;
const KEY_BYTES = 32;

interface Key {
  readonly id: Buffer;
  readonly bytes: Buffer;
}

/** A key for one purpose out of the secret that serves them all; who has the key learns nothing of the others. */
export const deriveKey = (secret: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, 'earshot', purpose, KEY_BYTES));

/** The first secret seals, each of them opens: so secrets are rotated. */
export function createSealing(secrets: readonly Uint8Array[], purpose: string): Sealing {
  const keys = secrets.map((secret) => keyOf(deriveKey(secret, purpose)));
  const [newest] = keys;

  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const header = Buffer.concat([Uint8Array.of(FORMAT), newest.id, nonce]);
      const cipher = createCipheriv('aes-256-gcm', newest.bytes, nonce).setAAD(boundTo(header, context));
      return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, context) {
      if (sealed.length < HEADER_BYTES + TAG_BYTES) throw unreadable(`${sealed.length} bytes`);
      if (sealed[0] !== FORMAT) throw unreadable(`format ${sealed[0]}`);
      const header = sealed.subarray(0, HEADER_BYTES);
      const id = Buffer.from(header.subarray(1, 1 + KEY_ID_BYTES));
      const tag = sealed.subarray(sealed.length - TAG_BYTES);
      // Ids are short: two keys may have the same.
      for (const { bytes } of keys.filter((key) => key.id.equals(id))) {
        const decipher = createDecipheriv('aes-256-gcm', bytes, header.subarray(1 + KEY_ID_BYTES))
          .setAAD(boundTo(header, context))
          .setAuthTag(tag);
        const plain = decipher.update(sealed.subarray(HEADER_BYTES, sealed.length - TAG_BYTES));
        try {
          return Buffer.concat([plain, decipher.final()]);
        } catch {
          continue;
        }
      }
      throw unreadable(keys.some((key) => key.id.equals(id)) ? 'something changed' : `key ${id.toString('hex')}`);
    },
  };
}

const keyOf = (bytes: Buffer): Key => ({
  id: createHash('sha256').update(bytes).digest().subarray(0, KEY_ID_BYTES),
  bytes,
});

const boundTo = (header: Uint8Array, context: string): Buffer => Buffer.concat([header, Buffer.from(context)]);

const unreadable = (got: string): InvalidInput =>
  new InvalidInput('state_unreadable', { expected: 'what was sealed here with a secret that is still known', got });
