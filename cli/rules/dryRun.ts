/** `earshot rules dry-run`: what would have fired, when, and why, as a table. */
import { durationMs, durationText, DURATION_EXPECTED } from '../../adapters/alerts/duration.ts';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { createRecordingPool } from '../../adapters/onnx/recordingPool.ts';
import { heardInput, inCallInput, type InCallInput } from '../../core/alerts/inCall.ts';
import { replayRules, type Firing, type PastCall } from '../../core/alerts/replay.ts';
import type { RuleSet } from '../../core/alerts/rules.ts';
import { silencedBy } from '../../core/alerts/silences.ts';
import type { CallMessage } from '../../core/audio/message.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { TIMELINE_RATE_HZ } from '../../core/units/time.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';
import { readConfig } from '../../services/config.ts';
import { stereoRecording, type Recording } from '../recording.ts';
import { renderTable } from '../terminal/table.ts';
import { callOfRecording, callsOfStore } from './pastCalls.ts';

export interface DryRunOptions {
  readonly recordings: readonly string[];
  readonly tenant: string;
  readonly since: string;
  readonly callsMax: number;
  readonly output: 'table' | 'json';
}

export async function dryRun(rules: RuleSet, options: DryRunOptions): Promise<void> {
  const nowMs = Date.now();
  const isOfStore = options.recordings.length === 0;
  const calls = isOfStore ? await storedCalls(options, nowMs) : await recordedCalls(options);
  // After recordings there is nothing to wait for but one more look of each rule.
  const lastMs = calls.reduce((last, { finished }) => Math.max(last, finished.endedAtMs), 0);
  const lastLookMs = lastMs + Math.max(0, ...rules.windowed.map(({ everyMs }) => everyMs));
  const firings = replayRules(rules, calls, isOfStore ? nowMs : lastLookMs);
  if (options.output === 'json') for (const firing of firings) console.log(JSON.stringify(firing));
  else print(rules, firings, calls.length);
}

async function storedCalls({ since, tenant, callsMax }: DryRunOptions, nowMs: number): Promise<readonly PastCall[]> {
  const sinceMs = durationMs(since) ?? nowMs - Date.parse(since);
  if (Number.isNaN(sinceMs)) {
    throw new InvalidInput('request_invalid', { expected: `--since: ${DURATION_EXPECTED}, or a date`, got: since });
  }
  const store = await openStore(readConfig().store);
  try {
    const { calls, isCut } = await callsOfStore(store, { tenant, afterMs: nowMs - sinceMs, callsMax });
    if (isCut) console.error(`there are more than ${callsMax} calls: the newest were taken (--calls N takes more)`);
    return calls;
  } finally {
    await store.close();
  }
}

async function recordedCalls({ recordings, tenant }: DryRunOptions): Promise<readonly PastCall[]> {
  const pool = await createRecordingPool(readConfig().models);
  const calls: PastCall[] = [];
  try {
    for (const path of recordings) {
      const recording = await stereoRecording(path, { tenant, agentVersion: '', callerChannel: 'left' });
      const facts: Fact[] = [];
      const inputs: InCallInput[] = [];
      const messages = whileHeard(recording, (heardSamples) => inputs.push(heardInput(heardSamples)));
      await analyzeRecording(recording.open, messages, pool, (fact) => {
        facts.push(fact);
        inputs.push(inCallInput(fact));
      });
      calls.push(callOfRecording(recording.open, facts, inputs));
    }
  } finally {
    await pool.close();
  }
  return calls;
}

/** Says how far the call was heard whenever the next message is asked for: the one before has been taken then. */
async function* whileHeard(recording: Recording, onHeard: (samples: number) => void): AsyncGenerator<CallMessage> {
  for await (const message of recording.messages()) {
    if (message.type === 'audio') onHeard(Math.floor((message.position / recording.open.rateHz) * TIMELINE_RATE_HZ));
    yield message;
  }
}

function print(rules: RuleSet, firings: readonly Firing[], callCount: number): void {
  const rows = firings.map(({ alert, resolved }) => [
    new Date(alert.atMs).toISOString(),
    alert.rule,
    alert.severity,
    alert.callId === null
      ? groupText(alert.group)
      : `${alert.callId} at ${((alert.mediaMs ?? 0) / 1_000).toFixed(1)} s`,
    alert.summary,
    resolved === null ? 'still fires' : `${durationText(resolved.atMs - alert.atMs)}, ${resolved.reason}`,
    silencedBy(rules, alert, alert.atMs),
  ]);
  const columns = ['when', 'rule', 'severity', 'of', 'why', 'lasted', 'held back by'];
  if (rows.length > 0) console.log(`${renderTable(columns, rows)}\n`);
  const calls = `${callCount} call${callCount === 1 ? '' : 's'}`;
  console.log(rows.length === 0 ? `nothing would have fired in ${calls}` : `${rows.length} alerts in ${calls}`);
  const quiet = [...rules.inCall, ...rules.windowed].filter(({ name }) =>
    firings.every(({ alert }) => alert.rule !== name),
  );
  if (quiet.length > 0) console.log(`never: ${quiet.map(({ name }) => name).join(', ')}`);
}

const groupText = (group: Readonly<Record<string, string>>): string =>
  Object.entries(group)
    .map(([name, value]) => `${name} ${value === '' ? '(none)' : value}`)
    .join(', ') || 'all calls';
