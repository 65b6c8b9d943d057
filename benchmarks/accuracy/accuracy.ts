/**
 * Accuracy: the labelled calls, as `earshot eval` measures them, then every signal beside its peers in one table; written down
 * with machine and commit. The peers are run by `npm run bench:peers`, which writes the results that this reads: run it
 * first to measure them anew.
 *
 *     EARSHOT_DATA=../shared/data npm run bench:accuracy
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { evaluateFolder } from '../../cli/commands/eval.ts';
import { renderReport, summarizeResults } from '../../cli/eval/report.ts';
import { isClean } from '../../cli/eval/truth.ts';
import { renderTable } from '../../cli/terminal/table.ts';
import { machineOf } from '../machine.ts';
import { PEER_COLUMNS, peerRows } from './peersTable.ts';

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
const peers = await peerRows();
console.log(`\n== beside peers\n${renderTable(PEER_COLUMNS, peers)}`);
const result = {
  what: 'the twelve assembled calls (groups), and every signal beside its peers on the same files (peers)',
  command: 'npm run bench:accuracy',
  machine: machineOf(),
  groups,
  peers: peers.map((row) => Object.fromEntries(PEER_COLUMNS.map((column, i) => [column, row[i]]))),
};
await writeFile(
  join(packageRoot, 'benchmarks', 'accuracy', 'accuracy.result.json'),
  `${JSON.stringify(result, null, 2)}\n`,
);
