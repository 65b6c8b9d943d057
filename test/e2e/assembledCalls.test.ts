/**
 * Accuracy on labelled calls of others: a floor under what was reached (benchmarks/accuracy has the figures), so that a
 * change that costs accuracy is noticed. Needs EARSHOT_DATA.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { evaluateFolder } from '../../cli/commands/eval.ts';
import { summarizeResults } from '../../cli/eval/report.ts';

const folder = join(process.env.EARSHOT_DATA ?? join(packageRoot, '..', 'shared', 'data'), 'calls', 'assembled');
const skip = existsSync(folder) ? false : `no labelled calls at ${folder}: set EARSHOT_DATA`;

test('the assembled calls are understood as well as reported', { skip }, async () => {
  const report = summarizeResults((await evaluateFolder(folder)).map(({ result }) => result));
  assert.ok((report.speechF1.agent ?? 0) >= 0.99, `agent F1 ${report.speechF1.agent}`);
  assert.ok((report.speechF1.caller ?? 0) >= 0.92, `caller F1 ${report.speechF1.caller}`);
  assert.ok((report.interruptions.recall ?? 0) >= 0.8, `recall ${report.interruptions.recall}`);
  assert.ok((report.interruptions.precision ?? 0) >= 0.8, `precision ${report.interruptions.precision}`);
  assert.ok((report.outcomeAccuracy ?? 0) >= 0.9, `outcomes ${report.outcomeAccuracy}`);
  assert.ok((report.responses.recall ?? 0) >= 0.98, `responses ${report.responses.recall}`);
  assert.equal(report.falseBargeIns.noise, 0);
  assert.equal(report.falseBargeIns.backchannel, 0);
});
