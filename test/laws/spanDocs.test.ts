/** docs/spans.md lists what the code believes of spans: the names of calls, the paths, the answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { CALL_ATTRIBUTES } from '../../core/spans/callKeys.ts';

const text = readFileSync(join(packageRoot, 'docs', 'spans.md'), 'utf8');

test('the names of calls stand in their order', () => {
  const [, section] = text.split('## Which call');
  const named = [...section.split('## ')[0].matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  const whole = named.map((name) => (name === '.session_id' ? 'traceloop.association.properties.session_id' : name));
  assert.deepEqual(whole, [...CALL_ATTRIBUTES]);
});
