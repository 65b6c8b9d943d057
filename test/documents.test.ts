/** The documents that list what the code lists: errors and settings. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../adapters/packageRoot.ts';
import { ERROR_CODES } from '../core/units/errors.ts';
import { SETTINGS } from '../services/settings.ts';

const documented = (file: string, row: RegExp): string[] =>
  [...readFileSync(join(packageRoot, 'docs', file), 'utf8').matchAll(row)].map(([, name]) => name).sort();

test('every error code is explained in docs/errors.md, and no other', () => {
  assert.deepEqual(documented('errors.md', /^\| `([a-z_]+)` \|/gm), Object.keys(ERROR_CODES).sort());
});

test('every setting is listed in docs/operations.md, and no other', () => {
  assert.deepEqual(documented('operations.md', /^\| `(EARSHOT_[A-Z_]+)` \|/gm), Object.keys(SETTINGS).sort());
});
