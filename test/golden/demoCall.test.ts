/** The demo call against its truth, and against what it gave before: a change of any fact shows up in a diff. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { createRecordingPool } from '../../adapters/onnx/recordingPool.ts';
import { evaluateFolder } from '../../cli/commands/eval.ts';
import { summarizeResults } from '../../cli/eval/report.ts';
import { stereoRecording } from '../../cli/recording.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';

const FOLDER = join(packageRoot, 'examples', 'demo-call');
const GOLDEN = join(packageRoot, 'test', 'golden', 'demoCall.facts.txt');

test('the demo call is understood as it was written', async () => {
  const report = summarizeResults((await evaluateFolder(FOLDER)).map(({ result }) => result));
  assert.deepEqual([report.interruptions.recall, report.interruptions.precision, report.outcomeAccuracy], [1, 1, 1]);
  assert.deepEqual([report.responses.recall, report.responses.precision], [1, 1]);
  assert.deepEqual([report.deadAir.recall, report.deadAir.precision], [1, 1]);
  assert.ok((report.speechF1.caller ?? 0) > 0.98 && (report.speechF1.agent ?? 0) > 0.98);
  assert.ok((report.interruptionLatency.worstMs ?? 999) <= 50 && (report.responseLatency.worstMs ?? 999) <= 50);
});

test('its facts are the golden ones (npm run golden -- --update rewrites them)', async () => {
  const pool = await createRecordingPool();
  const recording = await stereoRecording(join(FOLDER, 'demo-call.wav'), {
    tenant: 'default',
    agentVersion: '',
    callerChannel: 'left',
  });
  const facts: Fact[] = [];
  await analyzeRecording(recording.open, recording.messages(), pool, (fact) => facts.push(fact));
  await pool.close();
  const text = `${facts.flatMap(goldenLine).sort().join('\n')}\n`;
  if (process.argv.includes('--update')) await writeFile(GOLDEN, text);
  const golden = await readFile(GOLDEN, 'utf8');
  assert.equal(withoutFractions(text), withoutFractions(golden));
  fractionsOf(text).forEach((value, i) => {
    const before = fractionsOf(golden)[i];
    assert.ok(Math.abs(value - before) <= 0.02 * Math.max(1, Math.abs(before)), `${value}, not ${before}`);
  });
});

/** What models say differs in its last digits from processor to processor; times, counts and ids do not. */
const FRACTION = /-?\d+\.\d+/g;
const fractionsOf = (text: string): number[] => [...text.matchAll(FRACTION)].map(([number]) => Number(number));
const withoutFractions = (text: string): string => text.replace(FRACTION, '#');

/** What is counted in whole samples and things; all else is a measure. */
const WHOLE = /(Samples?|SamplesP50|SamplesP95|SamplesMax|SamplesCaller|SamplesAgent|Count|Index|syllables|holes)$/;
const COUNTS = /^(interruptionsBy)/;
const fixed = (key: string, value: unknown): unknown =>
  typeof value === 'number' && !WHOLE.test(key) && !COUNTS.test(key) ? value.toFixed(3) : value;

/** Start and kind first, then what the fact says, then its id. */
function goldenLine(fact: Fact): string[] {
  if (
    fact.status === 'provisional' ||
    fact.kind === 'frames' ||
    fact.kind === 'call_started' ||
    fact.kind === 'call_ended'
  )
    return [];
  const { id, kind, tenant: _t, callId: _c, startWallMs: _w, status: _s, revision, startSample, ...own } = fact;
  return [`${String(startSample).padStart(8, '0')} ${kind} ${JSON.stringify(own, fixed)} r${revision} ${id}`];
}
