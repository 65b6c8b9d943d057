/**
 * Runs the compiled tests: `unit` = the quick ones that `npm run check` asks for, else all. Ends with the line
 * "N passed, N failed". Node 20's own --test takes no patterns, hence this file.
 */
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const mode = process.argv[2] ?? 'all';
const SLOW = /(^|\/)test\/(deploy|e2e|golden|faults|kafka|simulation)\/|\.slow\.test\.js$/;

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => mode === 'all' || !SLOW.test(name))
  .map((name) => join(root, name))
  .sort();

const counts = { passed: 0, failed: 0, skipped: 0 };
const skips: string[] = [];
const stream = run({ files, concurrency: 2, timeout: 600_000 });
stream.on('test:pass', (event) => {
  if (event.details.type === 'suite' || isFile(event.name)) return;
  if (event.skip === undefined) counts.passed += 1;
  else {
    counts.skipped += 1;
    skips.push(`${relative(root, event.file ?? '')}: ${event.name} (${String(event.skip)})`);
  }
});
stream.on('test:fail', (event) => {
  if (event.details.type !== 'suite') counts.failed += 1;
  process.exitCode = 1;
});
stream.pipe(new spec()).pipe(process.stdout);
stream.on('end', () => {
  setImmediate(() => {
    for (const skip of skips) console.log(`SKIPPED ${skip}`);
    const tail = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    console.log(`${counts.passed} passed, ${counts.failed} failed${tail}`);
    if (files.length === 0) process.exitCode = 1;
  });
});

/** Node reports each file as a test of its own when it ran in its own process. */
function isFile(name: string): boolean {
  return name.endsWith('.test.js');
}
