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
import { startTestService, type TestService } from '../support/service.ts';
import { streamReportedCall } from '../support/streamReportedCall.ts';

const WAV = join(packageRoot, 'examples', 'demo-call', 'demo-call.wav');
const NEAR_MS = 30;

let running: TestService;

before(async () => {
  running = await startTestService();
  await streamReportedCall(running.service.url, WAV, 'demo-call');
  await running.service.joined();
});
after(() => running.close());

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
