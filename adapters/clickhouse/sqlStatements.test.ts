/** Where statements end, and where a semicolon is only a character. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sqlStatements } from './sqlStatements.ts';

test('comments fall away, and a semicolon ends a statement only where it is one', () => {
  const text = `
    -- a comment; with 'a semicolon
    CREATE TABLE a (x String COMMENT 'one; two -- three', y String DEFAULT 'it''s \\'; fine'); -- after; it
    /* a block; of comment */ SELECT "odd;name", \`other;name\` FROM a;;
    SELECT 1 - -1`;
  assert.deepEqual(sqlStatements(text), [
    `CREATE TABLE a (x String COMMENT 'one; two -- three', y String DEFAULT 'it''s \\'; fine')`,
    'SELECT "odd;name", `other;name` FROM a',
    'SELECT 1 - -1',
  ]);
  assert.deepEqual(sqlStatements('-- nothing here;\n'), []);
});

test('any string literal comes through whole', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (texts) => {
      const literals = texts.map((text) => `SELECT '${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
      assert.deepEqual(sqlStatements(literals.join(';\n')), literals);
    }),
  );
});
