/** `earshot analyze FILE.wav...`: recordings through the same core as live calls. */
import { parseArgs } from 'node:util';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { createRowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import { createRecordingPool } from '../../adapters/onnx/recordingPool.ts';
import type { Fact, FactOf } from '../../core/facts/facts.ts';
import { factRows } from '../../core/rows/factRows.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';
import { readConfig } from '../../services/config.ts';
import { channelSide, stereoRecording, twoFileRecording, type Recording, type RecordingOptions } from '../recording.ts';
import { createCallView, summaryRows } from '../terminal/callView.ts';
import { terminalStyle } from '../terminal/style.ts';

export const ANALYZE_HELP = `earshot analyze FILE.wav... [--json] [--store] [--caller-channel left|right] [--agent-version V]
earshot analyze --caller FILE.wav --agent FILE.wav
  Analyses recordings: two channels in one file (caller left unless said otherwise), or one file a side.
  Prints what happened and a summary; --json prints every fact as a line of JSON; --store writes the rows to the store too.`;

export async function analyzeCommand(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      store: { type: 'boolean' },
      caller: { type: 'string' },
      agent: { type: 'string' },
      tenant: { type: 'string', default: 'default' },
      'agent-version': { type: 'string', default: '' },
      'caller-channel': { type: 'string', default: 'left' },
    },
  });
  const options: RecordingOptions = {
    tenant: values.tenant,
    agentVersion: values['agent-version'],
    callerChannel: channelSide(values['caller-channel']),
  };
  const recordings = await recordingsOf(positionals, values.caller, values.agent, options);
  const { models } = readConfig();
  const pool = await createRecordingPool(models);
  const keep = values.store === true ? await openKeeping() : null;
  try {
    for (const recording of recordings) {
      const print = values.json === true ? printJson : printerOf();
      const facts: Fact[] = [];
      await analyzeRecording(recording.open, recording.messages(), pool, (fact) => {
        facts.push(fact);
        print(fact);
      });
      if (recording.isTruncated) {
        console.error(
          `file_truncated: ${recording.open.callId} promises more audio than it has; what is there was analysed`,
        );
      }
      await keep?.write(recording, facts);
    }
  } finally {
    await keep?.close();
    await pool.close();
  }
}

async function recordingsOf(
  files: string[],
  caller: string | undefined,
  agent: string | undefined,
  options: RecordingOptions,
): Promise<Recording[]> {
  if (caller !== undefined && agent !== undefined) return [await twoFileRecording(caller, agent, options)];
  if (files.length === 0 || caller !== undefined || agent !== undefined) {
    throw new InvalidInput('request_invalid', {
      expected: ANALYZE_HELP,
      got: files.length === 0 ? 'no file' : 'one side only',
    });
  }
  return Promise.all(files.map((file) => stereoRecording(file, options)));
}

/** Facts come in the order they are decided; in a file they read better in the order they happened. */
function printerOf(): (fact: Fact) => void {
  const view = createCallView({ ...terminalStyle(), provisional: 'hidden' });
  return (fact) => {
    for (const line of view(fact)) console.log(line);
    if (fact.kind === 'summary') printSummary(fact);
  };
}

export function printSummary(summary: FactOf<'summary'>): void {
  const rows = summaryRows(summary);
  const width = Math.max(...rows.map(([label]) => label.length));
  console.log(`\n${rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`).join('\n')}\n`);
}

function printJson(fact: Fact): void {
  if (fact.kind !== 'frames') console.log(JSON.stringify(fact));
}

async function openKeeping(): Promise<{
  write(recording: Recording, facts: readonly Fact[]): Promise<void>;
  close(): Promise<void>;
}> {
  const store = await openStore(readConfig().store);
  await migrate(store);
  const writer = createRowWriter(store, { rowsMax: 5_000, waitMs: 10, pendingRowsMax: 1_000_000 });
  return {
    write: ({ open }, facts) => writer.append(facts.flatMap((fact) => factRows(fact, open))),
    async close() {
      await writer.close();
      await store.close();
    },
  };
}
