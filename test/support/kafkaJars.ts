/** The jars of an Apache Kafka broker from Maven Central: a pinned list, fetched once, each held to its sha256. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { packageRoot } from '../../adapters/packageRoot.ts';

interface JarList {
  readonly kafka: string;
  readonly jars: readonly { readonly path: string; readonly sha256: string }[];
}

const REPOSITORY = 'https://repo1.maven.org/maven2';
const FETCHES_AT_ONCE = 4;
const FETCH_MS_MAX = 60_000;

export const KAFKA_JARS = JSON.parse(
  readFileSync(join(packageRoot, 'test', 'support', 'kafkaJars.json'), 'utf8'),
) as JarList;

/** The class path of the broker. Rejects where a jar can be neither found nor fetched, or is not what was pinned. */
export async function kafkaClassPath(): Promise<string> {
  const folder = join(tmpdir(), `earshot-kafka-jars-${KAFKA_JARS.kafka}`);
  mkdirSync(folder, { recursive: true });
  const waiting = [...KAFKA_JARS.jars];
  const fetchSome = async (): Promise<void> => {
    for (let jar = waiting.pop(); jar !== undefined; jar = waiting.pop()) await fetchOne(folder, jar);
  };
  await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, fetchSome));
  return KAFKA_JARS.jars.map(({ path }) => join(folder, basename(path))).join(':');
}

async function fetchOne(folder: string, { path, sha256 }: JarList['jars'][number]): Promise<void> {
  const file = join(folder, basename(path));
  if (existsSync(file) && sha256Of(readFileSync(file)) === sha256) return;
  const response = await fetch(`${REPOSITORY}/${path}`, { signal: AbortSignal.timeout(FETCH_MS_MAX) });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (sha256Of(bytes) !== sha256) throw new Error(`${path} is not the file that was pinned`);
  // Under its name it is whole, whoever else fetches at the same time.
  const partial = `${file}.${randomUUID()}`;
  writeFileSync(partial, bytes);
  renameSync(partial, file);
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
