/**
 * Accuracy on the labelled calls, as `earshot eval` measures it, written down with machine and commit.
 *
 *     EARSHOT_DATA=../shared/data npm run bench:accuracy
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { evaluateFolder } from '../../cli/commands/eval.ts';
import { renderReport, summarizeResults } from '../../cli/eval/report.ts';
import { isClean } from '../../cli/eval/truth.ts';
import { machineOf } from '../machine.ts';

const data = process.env.EARSHOT_DATA ?? join(packageRoot, '..', 'shared', 'data');
const calls = await evaluateFolder(join(data, 'calls', 'assembled'));
const report = (members: typeof calls) => summarizeResults(members.map(({ result }) => result));
const groups = {
  all: report(calls),
  'no noise (codec, echo, loss)': report(calls.filter(({ truth }) => truth.conditions.snrDb === null)),
  'noise (20 to 6 dB)': report(calls.filter(({ truth }) => truth.conditions.snrDb !== null)),
  clean: report(calls.filter(({ truth }) => isClean(truth))),
  degraded: report(calls.filter(({ truth }) => !isClean(truth))),
};
console.log(renderReport(groups));
const result = { what: 'the twelve assembled calls', command: 'npm run bench:accuracy', machine: machineOf(), groups };
await writeFile(
  join(packageRoot, 'benchmarks', 'accuracy', 'accuracy.result.json'),
  `${JSON.stringify(result, null, 2)}\n`,
);
