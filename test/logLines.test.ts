/** What is logged is listed in docs/operations.md, field by field: so that it can be relied on, and nothing is logged unnoticed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../adapters/packageRoot.ts';

interface Line {
  readonly message: string;
  readonly level: string;
  readonly fields: string;
}

const CALL =
  /\blogger\??\.(debug|info|warn|error|fatal)\(\s*(?:(\{[\s\S]*?\})\s*,\s*)?(?:'((?:[^'\\]|\\.)*)'|([a-zA-Z][\w.]*))\s*,?\s*\)/g;
const CALLS = /\blogger\??\.(?:debug|info|warn|error|fatal)\(/g;

const fieldsOf = (object: string): string =>
  [...object.matchAll(/(?<!\$)[{,]\s*(\w+)(?=\s*[:,}])/g)].map(([, name]) => name).join(', ');

/** `message` is empty where it is not written out: then nobody knows what may be in it. */
const linesIn = (source: string): Line[] =>
  [...source.matchAll(CALL)].map(([, level, object = '{}', message = '']) => ({
    message,
    level,
    fields: fieldsOf(object),
  }));

const sources = ['services', join('cli', 'commands')].flatMap((folder) =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(packageRoot, folder, name), 'utf8') })),
);

const byMessage = (a: Line, b: Line): number => (a.message < b.message ? -1 : 1);

test('every line of the log is listed, with its level and fields, and no other', () => {
  const logged = sources.flatMap(({ text }) => linesIn(text));
  const text = readFileSync(join(packageRoot, 'docs', 'operations.md'), 'utf8');
  const [, section] = /^## Log\n([\s\S]*?)^## /m.exec(text) ?? assert.fail('no section on the log');
  const rows = [...section.matchAll(/^\| `([^`]+)` \| (\w+) \| ([^|]*?) ?\|/gm)];
  const listed = rows.map(([, message, level, fields]): Line => ({ message, level, fields }));
  assert.deepEqual(logged.toSorted(byMessage), listed.toSorted(byMessage));
});

test('the reading of the sources misses none', () => {
  for (const { path, text } of sources) {
    assert.equal(linesIn(text).length, [...text.matchAll(CALLS)].length, path);
  }
  assert.deepEqual(linesIn("logger?.warn({ tenant: call?.tenant, code }, 'no, it\\'s not');\nlogger.info('a');"), [
    { message: "no, it\\'s not", level: 'warn', fields: 'tenant, code' },
    { message: 'a', level: 'info', fields: '' },
  ]);
});
