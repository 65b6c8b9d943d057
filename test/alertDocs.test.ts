/** docs/alerts.md against what rule files may say: every field, every kind of fact, every state, and the examples. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseRules, ruleFileKeys } from '../adapters/alerts/ruleFile.ts';
import { packageRoot } from '../adapters/packageRoot.ts';
import { FIELDS } from '../core/alerts/fields.ts';
import { COUNT_AGGREGATES, FIELD_AGGREGATES } from '../core/alerts/rules.ts';

const document = readFileSync(join(packageRoot, 'docs/alerts.md'), 'utf8');

/** Rows of the first table after a heading or a table's own first column. */
function rowsAfter(mark: string): string[][] {
  const at = document.indexOf(mark);
  assert.ok(at >= 0, mark);
  const lines = document.slice(at).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|---'));
  const rows = lines.slice(first + 1);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((row) => row.split('|').map((cell) => cell.trim()));
}

const namesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);

test('every field of a rule file is documented where it belongs, and no other', () => {
  for (const [section, keys] of Object.entries(ruleFileKeys())) {
    const heading = section === 'trend' || section === 'defaults' ? `# \`${section}\`` : `\`${section}\`\n`;
    assert.deepEqual(
      rowsAfter(heading)
        .flatMap(([, name]) => namesIn(name))
        .sort(),
      keys,
      section,
    );
  }
});

test('every kind of fact is documented with its fields and their values, and no other', () => {
  const documented = rowsAfter('| kind | fields |').map(([, kind, fields]) => [namesIn(kind)[0], fields]);
  const expected = Object.entries(FIELDS).map(([kind, fields]) => [
    kind,
    Object.entries(fields)
      .map(([name, field]) => `\`${name}\`${field.type === 'text' ? ` (${field.values?.join(', ') ?? 'text'})` : ''}`)
      .join(' · '),
  ]);
  assert.deepEqual(documented, expected);
});

test('every aggregate is documented, and no other', () => {
  const documented = rowsAfter('| aggregate | value |').flatMap(([, names]) => namesIn(names));
  assert.deepEqual(documented, [...FIELD_AGGREGATES, ...COUNT_AGGREGATES]);
});

test('the examples are right', () => {
  const examples = [...document.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text);
  assert.ok(examples.length > 0);
  for (const example of examples) parseRules(example);
});
