/**
 * The demo call as a voice platform would send it, in real time: its audio on a socket, events of its agent and of its recogniser
 * and the spans of its model over HTTP, by two clocks that are seconds off. Where each wait came from is known by construction.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { DEMO_DECISIONS, DEMO_RESPONSES } from '../../examples/demo-call/reports.ts';
import { pacedReports } from '../../examples/demo-call/sendReports.ts';
import type { Span } from '../../core/spans/span.ts';
import { replaySpans } from '../support/replaySpans.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { streamReportedCall } from '../support/streamReportedCall.ts';

const WAV = join(packageRoot, 'examples', 'demo-call', 'demo-call.wav');
const NEAR_MS = 30;
/** Onsets of the agent that the recorded sessions are laid to. */
const LIVEKIT_ONSET_MS = DEMO_RESPONSES[1].agentStartMs;
const PIPECAT_ONSET_MS = DEMO_RESPONSES[2].agentStartMs;
const PIPECAT_PLAYOUT_MS = 100;

let running: TestService;

before(async () => {
  running = await startTestService();
  const { url } = running.service;
  const [, startWallMs] = await Promise.all([
    streamReportedCall(url, WAV, { callId: 'demo-call' }, (atMs) => pacedReports(url, 'demo-call', atMs)),
    streamReportedCall(url, WAV, { callId: 'recorded', providerIds: { room: 'room-1', callSid: 'CA123' } }),
  ]);
  await replaySpans(url, 'livekit-agents-1.8.9.otlp', startOf('agent_speaking'), startWallMs + LIVEKIT_ONSET_MS);
  await replaySpans(url, 'pipecat-1.14.0.otlp', endOf('tts'), startWallMs + PIPECAT_ONSET_MS - PIPECAT_PLAYOUT_MS);
  await running.service.joined();
});
after(() => running.close());

const named = (spans: readonly Span[], name: string): Span => {
  const found = spans.find((span) => span.name === name);
  assert.ok(found !== undefined, name);
  return found;
};
const startOf = (name: string) => (spans: readonly Span[]) => named(spans, name).startNs;
const endOf = (name: string) => (spans: readonly Span[]) => named(spans, name).startNs + named(spans, name).durationNs;

const near = (actual: unknown, expected: number, what: string): void =>
  assert.ok(Math.abs(Number(actual) - expected) <= NEAR_MS, `${what}: ${String(actual)}, not ${expected}`);

test('every part of every wait is found, and the parts add up', async () => {
  const rows = await running.sql(
    `SELECT *, end_of_turn_ms + stt_ms + retrieval_ms + tool_ms + llm_ms + tts_ms + playout_ms + unattributed_ms AS sum_ms
     FROM earshot.v_response_breakdown WHERE call_id = 'demo-call' AND status = 'final' ORDER BY caller_end_ms`,
  );
  assert.equal(rows.length, DEMO_RESPONSES.length);
  for (const [index, { callerEndMs, parts }] of DEMO_RESPONSES.entries()) {
    const row = rows[index];
    near(row.caller_end_ms, callerEndMs, 'caller end');
    assert.equal(row.sum_ms, row.latency_ms, 'to the sample');
    near(row.end_of_turn_ms, parts.endOfTurnMs, `end of turn of ${index}`);
    near(row.stt_ms, parts.sttMs, `stt of ${index}`);
    near(row.retrieval_ms, parts.retrievalMs, `retrieval of ${index}`);
    near(row.tool_ms, parts.toolMs, `tool of ${index}`);
    near(row.llm_ms, parts.llmMs, `llm of ${index}`);
    near(row.tts_ms, parts.ttsMs, `tts of ${index}`);
    near(row.playout_ms, parts.playoutMs, `playout of ${index}`);
    assert.equal(row.stt_provider, 'deepgram');
    assert.equal(row.llm_model, 'gpt-4.1-mini');
    assert.equal(row.tts_voice, 'slt');
  }
});

test('what the framework says it took stands beside what was heard', async () => {
  const rows = await running.sql(
    `SELECT latency_ms, reported_latency_ms FROM earshot.v_response_breakdown
     WHERE call_id = 'demo-call' ORDER BY caller_end_ms`,
  );
  for (const [index, { parts }] of DEMO_RESPONSES.entries()) {
    const { endOfTurnMs, sttMs, retrievalMs, toolMs, llmMs, ttsMs } = parts;
    near(rows[index].reported_latency_ms, sttMs + retrievalMs + toolMs + llmMs + ttsMs, `reported of ${index}`);
    assert.ok(Number(rows[index].latency_ms) > Number(rows[index].reported_latency_ms) + endOfTurnMs / 2);
  }
});

test('interruptions are cut at the decision to stop', async () => {
  const rows = await running.sql(
    `SELECT * FROM earshot.v_interruption_breakdown
     WHERE call_id = 'demo-call' AND outcome = 'yielded' ORDER BY onset_ms`,
  );
  assert.equal(rows.length, DEMO_DECISIONS.length);
  for (const [index, { onsetMs, decisionMs }] of DEMO_DECISIONS.entries()) {
    near(rows[index].detection_ms, decisionMs - onsetMs, `detection of ${index}`);
    assert.equal(Number(rows[index].detection_ms) + Number(rows[index].flush_ms), rows[index].latency_ms);
  }
});

test('both clocks are found out', async () => {
  const rows = await running.sql(
    `SELECT clock, basis, offset_ms FROM earshot.v_clock_offsets WHERE call_id = 'demo-call' ORDER BY clock`,
  );
  assert.deepEqual(
    rows.map(({ clock, basis }) => [clock, basis]),
    [
      ['deepgram', 'receipts'],
      ['hotel-agent', 'estimated'],
    ],
  );
  near(rows[0].offset_ms, -2_600, "the recogniser's clock");
  near(rows[1].offset_ms, 1_240, "the agent's clock");
});

test('what was cut was not all heard; no text is stored', async () => {
  const cut = await running.sql(
    `SELECT generated_words, heard_words FROM earshot.v_agent_text
     WHERE call_id = 'demo-call' AND is_cut ORDER BY start_ms`,
  );
  assert.deepEqual(
    cut.map(({ generated_words }) => generated_words),
    [24, 27],
  );
  for (const { generated_words, heard_words } of cut) {
    assert.ok(Number(heard_words) > 6 && Number(heard_words) < Number(generated_words) - 8);
  }
  const [texts] = await running.sql(
    `SELECT (SELECT countIf(text != '' OR arrayExists(word -> word != '', word_texts)) FROM earshot.reported_events)
          + (SELECT countIf(text != '') FROM earshot.call_events) AS kept`,
  );
  assert.equal(Number(texts.kept), 0);
});

test('the score of a turn stands in one row with its sound and its wait', async () => {
  const rows = await running.sql(
    `SELECT start_ms, latency_ms, scores, intelligibility FROM earshot.v_agent_turns
     WHERE call_id = 'demo-call' AND notEmpty(scores)`,
  );
  assert.equal(rows.length, 1);
  near(rows[0].start_ms, DEMO_RESPONSES[1].agentStartMs, 'its turn');
  assert.deepEqual(rows[0].scores, { relevance: 0.9 });
  assert.ok(Number(rows[0].latency_ms) > 1_000 && Number(rows[0].intelligibility) > 0.3);
});

test('one timeline holds what was heard, reported, traced and judged', async () => {
  const rows = await running.sql(
    `SELECT origin, count() AS n, countIf(media_ms IS NULL) AS lost FROM earshot.v_timeline
     WHERE call_id = 'demo-call' GROUP BY origin ORDER BY origin`,
  );
  assert.deepEqual(
    rows.map(({ origin }) => origin),
    ['audio', 'event', 'score', 'span'],
  );
  const lost = Object.fromEntries(rows.map(({ origin, lost: n }) => [String(origin), Number(n)]));
  assert.deepEqual([lost.event, lost.span], [0, 0], 'everything with a time has a place');
});

test('every example query runs on real rows, and those on the demo call answer', async () => {
  const folder = join(packageRoot, 'examples', 'queries');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql'));
  assert.ok(names.length >= 8);
  const mayBeEmpty = new Set([
    'missing_audio.sql',
    'audio_incidents.sql',
    'talk_ratio_outliers.sql',
    'tone_changes.sql',
  ]);
  for (const name of names) {
    const query = await readFile(join(folder, name), 'utf8');
    assert.match(query, /^-- .*\?/, `${name} begins with its question`);
    const rows = await running.sql(query);
    assert.ok(rows.length > 0 || mayBeEmpty.has(name), `${name} has no rows`);
  }
});

test('recorded sessions of LiveKit agents and Pipecat, sent again, tell where the waits that they are laid to come from', async () => {
  const rows = await running.sql(
    `SELECT * FROM earshot.v_response_breakdown WHERE call_id = 'recorded' AND status = 'final' ORDER BY caller_end_ms`,
  );
  assert.equal(rows.length, DEMO_RESPONSES.length);
  const [none, livekit, pipecat] = rows;
  assert.deepEqual([none.llm_ms, none.llm_unknown, none.dominant], [null, 'no_report', 'unattributed']);
  near(livekit.tool_ms, 28, "LiveKit's tool");
  near(livekit.tts_ms, 37, "LiveKit's first audio");
  assert.deepEqual(livekit.tools, ['find_slot']);
  assert.match(`${String(livekit.llm_told_by)}, ${String(livekit.tts_told_by)}`, /llm_request, .*tts_request/);
  assert.deepEqual([livekit.llm_model, livekit.tts_model], ['gpt-4.1-mini', 'sonic-3']);
  near(pipecat.llm_ms, 81, "Pipecat's model");
  near(pipecat.tts_ms, 51, "Pipecat's first audio");
  near(pipecat.playout_ms, PIPECAT_PLAYOUT_MS, 'from there to the ear');
  near(pipecat.reported_latency_ms, 248, 'what Pipecat says it was');
});
