/** Unpacks a request without letting a small one grow into a large one. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { InvalidInput } from '../../core/units/errors.ts';

const unpack = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

/** `bytesMax`: what it may hold unpacked. */
export async function gunzipBounded(body: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  try {
    return await unpack(body, { maxOutputLength: bytesMax });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_BUFFER_TOO_LARGE') {
      throw new InvalidInput('request_invalid', { expected: 'a body in gzip', got: `one that is not (${message})` });
    }
    throw new InvalidInput('message_too_large', { expected: `at most ${bytesMax} bytes unpacked`, got: 'more' });
  }
}
