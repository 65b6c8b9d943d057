/** Spans go to the call that they, what is above them, or their trace speaks of; never to another's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_PRICES } from './prices.ts';
import { requestsOfCall } from './requestsOfCall.ts';
import type { Span } from './span.ts';

const span = (spanId: string, parentSpanId = '', key = '', traceId = 'trace'): Span => ({
  tenant: 't',
  traceId,
  spanId,
  parentSpanId,
  traceState: '',
  name: spanId,
  kind: 'Internal',
  serviceName: 's',
  resourceAttributes: {},
  scopeName: '',
  scopeVersion: '',
  attributes: key === '' ? {} : { 'session.id': key },
  startNs: 1_000_000n,
  durationNs: 0n,
  statusCode: 'Unset',
  statusMessage: '',
  events: [],
  links: [],
});

const idsOf = (spans: readonly Span[], own: string[], others: string[]): string[] =>
  requestsOfCall(spans, new Set(own), new Set(others), NO_PRICES).map(({ spanId }) => spanId);

test('a trace of one call gives it all its spans, the root included that came last', () => {
  assert.deepEqual(idsOf([span('llm', 'turn'), span('turn', 'root'), span('root', '', 'call-1')], ['call-1'], []), [
    'llm',
    'root',
    'turn',
  ]);
});

test('of a trace of two calls each gets what hangs on it, and nobody what hangs on neither', () => {
  const spans = [
    span('one', '', 'call-1'),
    span('two', '', 'call-2'),
    span('llm-1', 'one'),
    span('llm-2', 'two'),
    span('orphan', 'never came'),
  ];
  assert.deepEqual(idsOf(spans, ['call-1'], ['call-2']), ['llm-1', 'one']);
  assert.deepEqual(idsOf(spans, ['call-2'], ['call-1']), ['llm-2', 'two']);
});

test('the nearest name counts: a call within a batch job belongs to the call', () => {
  const spans = [span('job', '', 'call-2'), span('inner', 'job', 'call-1'), span('llm', 'inner')];
  assert.deepEqual(idsOf(spans, ['call-1'], ['call-2']), ['inner', 'llm']);
});

test('a span that was sent twice is there once; a ring of parents ends', () => {
  assert.deepEqual(idsOf([span('a', 'b'), span('b', 'a'), span('a', 'b')], ['call-1'], []), ['a', 'b']);
});

test('the same, whatever came first; and two calls never share a span', () => {
  const someSpan = fc
    .record({
      id: fc.integer({ min: 0, max: 9 }),
      parent: fc.integer({ min: 0, max: 9 }),
      key: fc.constantFrom('', '', 'call-1', 'call-2'),
    })
    .map(({ id, parent, key }) => span(`s${id}`, `s${parent}`, key));
  const someSpans = fc.uniqueArray(someSpan, { selector: ({ spanId }) => spanId, maxLength: 10 });
  fc.assert(
    fc.property(
      someSpans.chain((spans) => fc.tuple(fc.constant(spans), fc.shuffledSubarray(spans, { minLength: spans.length }))),
      ([spans, shuffled]) => {
        const others = spans.some(({ attributes }) => attributes['session.id'] === 'call-2') ? ['call-2'] : [];
        const one = idsOf(spans, ['call-1'], others);
        assert.deepEqual(idsOf(shuffled, ['call-1'], others), one);
        if (others.length === 0) return;
        const two = new Set(idsOf(spans, ['call-2'], ['call-1']));
        const isSplit = spans.some(({ attributes }) => attributes['session.id'] === 'call-1');
        if (isSplit) assert.ok(one.every((id) => !two.has(id)));
      },
    ),
  );
});
