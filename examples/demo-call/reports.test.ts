/** The demo call's reports fit its audio: same moments as its truth, parts that add up. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { DEMO_AGENT_LINES, DEMO_CALLER_LINES, DEMO_DECISIONS, DEMO_RESPONSES, demoReports } from './reports.ts';

interface Truth {
  readonly segments: readonly { channel: string; startMs: number; endMs: number }[];
  readonly responses: readonly { callerEndMs: number; agentStartMs: number; latencyMs: number }[];
  readonly interruptions: readonly { by: string; onsetMs: number; stopMs?: number }[];
}
const path = join(packageRoot, 'examples', 'demo-call', 'demo-call.truth.json');
const truth = JSON.parse(readFileSync(path, 'utf8')) as Truth;

test('every true response has its parts, and they add up to its latency', () => {
  assert.deepEqual(
    DEMO_RESPONSES.map(({ callerEndMs, agentStartMs }) => [callerEndMs, agentStartMs]),
    truth.responses.map(({ callerEndMs, agentStartMs }) => [callerEndMs, agentStartMs]),
  );
  for (const { callerEndMs, agentStartMs, parts } of DEMO_RESPONSES) {
    assert.equal(
      Object.values(parts).reduce((sum: number, part: number) => sum + part, 0),
      agentStartMs - callerEndMs,
    );
  }
});

test('lines begin and end where their speech does; decisions lie between an onset and its stop', () => {
  for (const [channel, lines] of [
    ['agent', DEMO_AGENT_LINES],
    ['caller', DEMO_CALLER_LINES],
  ] as const) {
    const own = truth.segments.filter((segment) => segment.channel === channel);
    for (const { startMs, endMs } of lines) {
      assert.ok(own.some((segment) => segment.startMs === startMs));
      assert.ok(own.some((segment) => segment.endMs === endMs));
    }
  }
  for (const { onsetMs, decisionMs } of DEMO_DECISIONS) {
    const interruption = truth.interruptions.find((one) => one.onsetMs === onsetMs);
    assert.ok(decisionMs > onsetMs && decisionMs < (interruption?.stopMs ?? 0));
  }
});

test('reports come in the order in which they are due', () => {
  const due = demoReports('call', 1_700_000_000_000).map(({ atMs }) => atMs);
  assert.deepEqual(
    due,
    [...due].sort((a, b) => a - b),
  );
  assert.ok(due.length > 50);
});
