/** docs/sql.md is the contract with analysts: it lists every view with its columns, no more and no fewer. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'earshot-docs-'));
const text = readFileSync(join(packageRoot, 'docs', 'sql.md'), 'utf8');
let store: Store;

before(async () => {
  store = await openStore({ kind: 'embedded', dataDir });
  await migrate(store);
});
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const namesIn = (section: string): string[] => [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);

async function ask<Row>(query: string): Promise<Row[]> {
  return (await store.reading.query({ query, format: 'JSONEachRow' })).json<Row>();
}

/** Views that are not of facts, or have other columns in place of the common ones. */
const LISTS_ALL = /^v_(calls|frames|events|requests|scores|unjoined|\w+_percentiles)$/;

test('every view and every column of it is documented', async () => {
  const [preamble, ...sections] = text.split(/^### /m);
  const common = namesIn(preamble);
  const documented = new Map(sections.map((section) => [section.split('\n')[0], namesIn(section)]));
  const views = await ask<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = 'earshot' AND engine = 'View' ORDER BY name",
  );
  assert.deepEqual(
    views.map(({ name }) => name),
    [...documented.keys()].sort(),
  );
  for (const [view, own] of documented) {
    const described = await ask<{ name: string }>(`DESCRIBE TABLE earshot.${view}`);
    const all = LISTS_ALL.test(view) ? own : [...common, ...own];
    assert.deepEqual(all.sort(), described.map(({ name }) => name).sort(), view);
  }
});

test('every column whose name is a number of something says its unit', async () => {
  const columns = await ask<{ table: string; name: string; type: string }>(
    "SELECT table, name, type FROM system.columns WHERE database = 'earshot' AND startsWith(table, 'v_')",
  );
  const COUNTED =
    /^(overlaps|turns|interruptions_by_\w+|yielded|continued|backchannels|noise_bursts|responses|dead_airs|clippings|dropouts|holes|gibberishes|loops|tone_changes|pauses|syllables|turn_index|definition_version|pairs|requests|reports|\w+_(words|characters|tokens|requests)|characters)$/;
  const SAID =
    /(^|_)(usd|ppm|rate|confidence|words_per_minute|ms|ms_p50|ms_p95|ms_max|ms_caller|ms_agent|db|dbfs|hz|hz_caller|hz_agent|st|st_per_s|per_s|percent|mos|mos_caller|mos_agent|share|ratio|probability|mean|score)$/;
  const SCALES = /^(monotony|arousal(_shift)?|intelligibility(_caller|_agent)?)$/;
  const FLAGS = /^(speech|clipped|gap|silent|echo|pitch_measured|is_cut)$/;
  const bare = columns.filter(
    ({ name, type }) =>
      /Int|Float/.test(type) &&
      !type.startsWith('Map') &&
      ![COUNTED, SAID, SCALES, FLAGS].some((pattern) => pattern.test(name)),
  );
  assert.deepEqual(bare, []);
});
