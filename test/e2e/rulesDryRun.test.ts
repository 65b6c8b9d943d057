/** `earshot rules` on the demo call: what its facts fire, with the fields that rules may ask for; and on the store. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { packageRoot } from '../../adapters/packageRoot.ts';
import type { Firing } from '../../core/alerts/replay.ts';

const run = promisify(execFile);
const RECORDING = join(packageRoot, 'examples/demo-call/demo-call.wav');
const RULES = `
version: 1
in_call:
  - { name: yielded, on: interruption, where: { channel: caller, outcome: yielded } }
  - { name: silent, on: dead_air, where: { duration_ms: { gte: 3s } }, within: 1s }
  - { name: never, on: loop }
windowed:
  - { name: slow, on: response, aggregate: p50, field: latency_ms, window: 15m, group_by: agent_version, threshold: { gt: 100 }, min_count: 1 }
  - { name: talk, on: call, aggregate: mean, field: talk_ratio, window: 15m, threshold: { gt: 0.1, lt: 0.9 }, min_count: 1 }
`;

async function withRules(body: (file: string, earshot: (...args: string[]) => Promise<string>) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-rules-'));
  const file = join(folder, 'rules.yaml');
  await writeFile(file, RULES);
  const env = { ...process.env, EARSHOT_DATA_DIR: join(folder, 'data') };
  const earshot = async (...args: string[]): Promise<string> =>
    (await run(process.execPath, [join(packageRoot, 'dist/cli/earshot.js'), ...args], { env })).stdout;
  try {
    await body(file, earshot);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const firingsIn = (lines: string): Firing[] =>
  lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Firing);

test('a recording fires what its conversation gives, silence while it lasts; the store gives the same alerts', async () => {
  await withRules(async (file, earshot) => {
    const live = firingsIn(await earshot('rules', 'dry-run', file, RECORDING, '--json'));
    assert.deepEqual([...new Set(live.map(({ alert }) => alert.rule))].sort(), ['silent', 'slow', 'talk', 'yielded']);
    const silentIn = (firings: readonly Firing[]) => firings.find(({ alert }) => alert.rule === 'silent');
    assert.equal(silentIn(live)?.resolved?.reason, 'cleared');

    await earshot('analyze', '--store', RECORDING);
    const stored = firingsIn(await earshot('rules', 'dry-run', file, '--since', '300d', '--json'));
    const ids = (firings: readonly Firing[]): string[] => firings.map(({ alert }) => alert.id).sort();
    assert.deepEqual(ids(stored), ids(live));
    // The store knows the silence from its end only.
    assert.ok((silentIn(live)?.alert.atMs ?? Infinity) < (silentIn(stored)?.alert.atMs ?? 0));
  });
});

test('a wrong file is refused with its mistakes and exit code 2', async () => {
  await withRules(async (file, earshot) => {
    await writeFile(file, RULES.replace('on: loop', 'on: lop'));
    await assert.rejects(earshot('rules', 'check', file), {
      code: 2,
      stderr: /line 6: in_call\[2\]\.on: .*loop, perhaps/,
    });
  });
});
