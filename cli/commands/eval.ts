/** `earshot eval DIR`: analyses every NAME.wav with a NAME.truth.json beside it and prints how right it was. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { createRecordingPool } from '../../adapters/onnx/recordingPool.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';
import { matchCall, type CallResult } from '../eval/matchCall.ts';
import { renderReport, summarizeResults } from '../eval/report.ts';
import { isClean, readTruth, type Truth } from '../eval/truth.ts';
import { stereoRecording } from '../recording.ts';

export const EVAL_HELP = `earshot eval DIR [--json]
  Analyses every NAME.wav below DIR that has a NAME.truth.json beside it, and prints recall, precision and errors
  for all calls, for clean ones and for degraded ones. --json prints the same as JSON, with each call.`;

interface EvaluatedCall {
  readonly name: string;
  readonly truth: Truth;
  readonly result: CallResult;
}

export async function evalCommand(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { json: { type: 'boolean' } } });
  const [folder] = positionals;
  if (folder === undefined) throw new InvalidInput('request_invalid', { expected: EVAL_HELP, got: 'no folder' });
  const calls = await evaluateFolder(folder);
  const group = (members: EvaluatedCall[]) => summarizeResults(members.map(({ result }) => result));
  const groups = {
    all: group(calls),
    clean: group(calls.filter(({ truth }) => isClean(truth))),
    degraded: group(calls.filter(({ truth }) => !isClean(truth))),
  };
  if (values.json === true) {
    const perCall = calls.map(({ name, truth, result }) => ({ name, conditions: truth.conditions, ...result }));
    console.log(JSON.stringify({ groups, calls: perCall }, null, 2));
  } else {
    console.log(renderReport(groups));
  }
}

export async function evaluateFolder(folder: string): Promise<EvaluatedCall[]> {
  const names = await truthFiles(folder);
  if (names.length === 0) {
    throw new InvalidInput('truth_invalid', { expected: `NAME.truth.json files below ${folder}`, got: 'none' });
  }
  const pool = await createRecordingPool();
  try {
    return await Promise.all(
      names.map(async (path) => {
        const truth = readTruth(await readFile(path, 'utf8'), path);
        const [first] = truth.channels;
        const recording = await stereoRecording(path.replace(/\.truth\.json$/, '.wav'), {
          tenant: 'default',
          agentVersion: '',
          callerChannel: first === 'caller' ? 'left' : 'right',
        });
        const facts: Fact[] = [];
        await analyzeRecording(recording.open, recording.messages(), pool, (fact) => facts.push(fact));
        return { name: relative(folder, path).replace(/\.truth\.json$/, ''), truth, result: matchCall(truth, facts) };
      }),
    );
  } finally {
    await pool.close();
  }
}

async function truthFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true }).catch((error: Error) => {
    throw new InvalidInput('truth_invalid', { expected: `a folder ${folder}`, got: error.message });
  });
  return entries
    .filter((name) => name.endsWith('.truth.json'))
    .sort()
    .map((name) => join(folder, name));
}
