/** `earshot check`: calls against thresholds, for a pipeline: 0 all kept, 1 one missed, 2 it cannot be said. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { readHeardCalls } from '../../adapters/clickhouse/heardCalls.ts';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { measureCall, type CallMeasures } from '../../core/checks/callMeasures.ts';
import { judge } from '../../core/checks/judge.ts';
import { outcomeOf, parseBaseline, resultsJson, type Run } from '../../core/checks/results.ts';
import type { Thresholds } from '../../core/checks/thresholds.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { tenantOf } from '../../core/units/tenant.ts';
import { readConfig } from '../../services/config.ts';
import { junitXml } from '../check/junit.ts';
import { markdownReport } from '../check/markdown.ts';
import { measureRecordings, type MeasuredCalls } from '../check/recordedCalls.ts';
import { recordingFiles } from '../check/recordingFiles.ts';
import { terminalReport } from '../check/terminalReport.ts';
import { readThresholds } from '../check/thresholdsFile.ts';
import { channelSide } from '../recording.ts';
import { terminalStyle } from '../terminal/style.ts';

export const CHECK_HELP = `earshot check RECORDING... --thresholds FILE.yaml [--baseline RESULTS.json] [--caller-channel left|right]
              [--json FILE] [--junit FILE] [--markdown FILE]
earshot check --calls FILE | --call ID...  [--tenant T] --thresholds FILE.yaml ...
  Measures calls and holds them against thresholds: stereo recordings (files, folders, globs), or calls of the store by their
  ids (one a line in FILE, - is the standard input). Results as a table, and as files for machines (- is the standard output);
  --baseline compares with the JSON of an earlier run. Exit code 0: all kept, 1: a threshold missed, 2: cannot be judged.`;

const OPTIONS = {
  thresholds: { type: 'string' },
  baseline: { type: 'string' },
  json: { type: 'string' },
  junit: { type: 'string' },
  markdown: { type: 'string' },
  calls: { type: 'string' },
  call: { type: 'string', multiple: true },
  tenant: { type: 'string' },
  'caller-channel': { type: 'string', default: 'left' },
} as const;

type Values = ReturnType<typeof optionsOf>['values'];

const optionsOf = (args: string[]) => parseArgs({ args, allowPositionals: true, options: OPTIONS });

export async function checkCommand(args: string[]): Promise<number> {
  const startedAtMs = performance.now();
  try {
    const { values, positionals } = optionsOf(args);
    const { thresholds, baseline, measured } = await inputsOf(values, positionals);
    const { calls, notes } = await measured();
    const run: Run = {
      calls,
      judgements: judge(thresholds, calls, baseline),
      notes: [...notes, ...notesOn(thresholds, baseline)],
    };
    await writeReports(run, values, performance.now() - startedAtMs);
    return exitCodeOf(run);
  } catch (error) {
    if (error instanceof InvalidInput || isOfArguments(error)) throw error;
    // Exit code 1 says that a threshold was missed, which is not known here.
    console.error(error);
    return 2;
  }
}

const isOfArguments = (error: unknown): boolean =>
  (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;

interface Inputs {
  readonly thresholds: Thresholds;
  readonly baseline: readonly CallMeasures[] | null;
  readonly measured: () => Promise<MeasuredCalls>;
}

/** All that can be wrong with what was given is told at once, before anything is analysed. */
async function inputsOf(values: Values, positionals: readonly string[]): Promise<Inputs> {
  const isOfStore = values.calls !== undefined || values.call !== undefined;
  if (values.thresholds === undefined || isOfStore === positionals.length > 0) {
    const got = values.thresholds === undefined ? 'no --thresholds' : isOfStore ? 'both' : 'neither recordings nor ids';
    throw new InvalidInput('request_invalid', { expected: CHECK_HELP, got });
  }
  const [thresholds, baseline, measured] = await Promise.allSettled([
    readThresholds(values.thresholds),
    values.baseline === undefined ? null : readBaseline(values.baseline),
    isOfStore ? storedCalls(values) : recordedCalls(values, positionals),
  ]);
  const failed = [thresholds, baseline, measured].filter((result) => result.status === 'rejected');
  for (const { reason } of failed.slice(1)) {
    if (!(reason instanceof InvalidInput)) throw reason;
    console.error(reason.message);
  }
  if (failed.length > 0) throw failed[0].reason;
  return { thresholds: kept(thresholds), baseline: kept(baseline), measured: kept(measured) };
}

function kept<Value>(result: PromiseSettledResult<Value>): Value {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

async function recordedCalls(values: Values, named: readonly string[]): Promise<() => Promise<MeasuredCalls>> {
  const callerChannel = channelSide(values['caller-channel']);
  const { models } = readConfig();
  const files = await recordingFiles(named);
  return () => measureRecordings(files, { tenant: tenantOf(values.tenant), agentVersion: '', callerChannel }, models);
}

async function storedCalls({ calls, call, tenant: named }: Values): Promise<() => Promise<MeasuredCalls>> {
  const tenant = tenantOf(named);
  const { store: location } = readConfig();
  const listed = calls === undefined ? '' : calls === '-' ? await textOf(process.stdin) : await readText(calls);
  const ids = [...new Set([...(call ?? []), ...listed.split(/\r?\n/)].map((id) => id.trim()))].filter(
    (id) => id !== '',
  );
  if (ids.length === 0)
    throw new InvalidInput('request_invalid', { expected: 'ids of calls, one a line', got: 'none' });
  return async () => {
    const store = await openStore(location);
    try {
      return { calls: (await readHeardCalls(store, tenant, ids)).map(measureCall), notes: [] };
    } finally {
      await store.close();
    }
  };
}

const readBaseline = async (path: string): Promise<CallMeasures[]> => parseBaseline(await readText(path), path);

const readText = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: Error) => {
    throw new InvalidInput('request_invalid', { expected: `a file ${path}`, got: error.message });
  });

function notesOn({ checks }: Thresholds, baseline: readonly CallMeasures[] | null): string[] {
  const compared = checks.filter(({ worse }) => worse !== null).length;
  if (baseline !== null && compared === 0)
    return ['--baseline is given, and no check has worse_max_percent or worse_max'];
  return baseline === null && compared > 0
    ? [`not compared, since no --baseline is given: ${compared} of ${checks.length} checks`]
    : [];
}

async function writeReports(run: Run, { json, junit, markdown }: Values, durationMs: number): Promise<void> {
  const reports = [
    { path: json, text: () => resultsJson(run) },
    { path: junit, text: () => junitXml(run, durationMs) },
    { path: markdown, text: () => markdownReport(run) },
  ];
  for (const { path, text } of reports) {
    if (path === '-') process.stdout.write(text());
    else if (path !== undefined) await writeText(path, text());
  }
  if (!reports.some(({ path }) => path === '-')) console.log(terminalReport(run, terminalStyle()));
}

async function writeText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function exitCodeOf(run: Run): number {
  switch (outcomeOf(run)) {
    case 'passed':
      return 0;
    case 'failed':
      return 1;
    case 'nothing_judged':
      console.error('Nothing was judged: of no threshold there is enough to judge by. More calls, or a lower min_n.');
      return 2;
  }
}
