/** The wire contracts: generated code is what the .proto files give, and no field that was released has changed its meaning. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../adapters/packageRoot.ts';

const bin = join(packageRoot, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
const buf = (...args: string[]): string => execFileSync(join(bin, 'buf'), args, { cwd: packageRoot, env }).toString();

const filesOf = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(js|d\.ts)$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );

test('generated code is as `npm run protos` makes it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-protos-'));
  try {
    buf('generate', '--output', folder);
    const made = filesOf(join(folder, 'protos', 'gen'));
    assert.ok(made.size > 0);
    assert.deepEqual(filesOf(join(packageRoot, 'protos', 'gen')), made);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the contracts are well formed', () => {
  buf('lint');
});

test('released fields keep their numbers, types and names', () => {
  buf('breaking', '--against', 'protos/released.binpb');
});

test('the check bites: a field of another type is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-breaking-'));
  try {
    buf('export', 'protos', '--output', folder);
    const path = join(folder, 'earshot', 'v1', 'audio.proto');
    const changed = readFileSync(path, 'utf8').replace('string call_id = 1;', 'bytes call_id = 1;');
    writeFileSync(path, changed);
    assert.throws(
      () =>
        execFileSync(join(bin, 'buf'), ['breaking', folder, '--against', 'protos/released.binpb'], {
          cwd: packageRoot,
          env,
          stdio: 'pipe',
        }),
      /Command failed/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
