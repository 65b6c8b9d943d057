/** Secrets as they are written down: read from a setting or a file, and made once where nobody has given one. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';

const SECRET_BYTES_MIN = 32;
const OTHERS_MASK = 0o077;

/** One secret or several, newest first, with commas or a line each. A message says what is wrong and never repeats it. */
export function parseSecrets(text: string, source: string): Buffer[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  if (parts.length === 0) throw unfit(source, 'none');
  return parts.map((part, index) => {
    const bytes = bytesOf(part);
    if (bytes === null) throw unfit(source, `another text as number ${index + 1}`);
    if (bytes.length < SECRET_BYTES_MIN) throw unfit(source, `${bytes.length} bytes as number ${index + 1}`);
    return bytes;
  });
}

/** The secrets of a file that only its owner can read; made with a random one if it is not there. */
export async function keptSecrets(path: string): Promise<Buffer[]> {
  try {
    await checkOrMake(path);
    return parseSecrets(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InvalidInput('config_invalid', {
      expected: `a secret in ${path}, or leave to make one there; else one in EARSHOT_SECRET or EARSHOT_SECRET_FILE`,
      got: code ?? message,
    });
  }
}

export const randomSecret = (): Buffer => randomBytes(SECRET_BYTES_MIN);

async function checkOrMake(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  const mode = (found ?? (await make(path))).mode;
  if ((mode & OTHERS_MASK) === 0) return;
  throw new InvalidInput('config_invalid', {
    expected: `${path} to be readable by its owner only (chmod 600)`,
    got: `mode ${(mode & 0o777).toString(8)}`,
  });
}

/** Written whole beside its place and then linked there, which fails where another process was first: its secret counts. */
async function make(path: string): Promise<{ readonly mode: number }> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${randomSecret().toString('base64')}\n`);
    await file.sync();
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await file.close();
    await unlink(draft);
  }
  return stat(path);
}

/** Hex first: every hex text is base64 as well. Null: neither. */
function bytesOf(text: string): Buffer | null {
  if (/^([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null;
}

const unfit = (source: string, got: string): InvalidInput =>
  new InvalidInput('config_invalid', {
    expected: `${source} to hold base64 or hex of at least ${SECRET_BYTES_MIN} bytes, several with commas or a line each`,
    got,
  });
