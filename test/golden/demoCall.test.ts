/** The demo call against its truth, and against what it gave before: a change of any fact shows up in a diff. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { createSpeechPool } from '../../adapters/onnx/speechPool.ts';
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
  const pool = await createSpeechPool({ workers: 1, batchRowsMax: 64, batchWaitMs: 0 });
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
  assert.equal(text, await readFile(GOLDEN, 'utf8'));
});

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
  return [`${String(startSample).padStart(8, '0')} ${kind} ${JSON.stringify(own)} r${revision} ${id}`];
}
