/** A call is found again as it was told, by the API and by SQL. */
import assert from 'node:assert/strict';
import { createCallReader } from '../../../adapters/clickhouse/callReader.ts';
import { sampleFacts, sampleOpenCall } from '../sampleCall.ts';
import { ask, rowsOf, writerOf, type StoreLaw } from './storeProbe.ts';

const NO_INCIDENT = { level_dbfs: null, share: null, silent_ms: null, holes: null, i: null, period_ms: null };

export const viewLaws: Readonly<Record<string, StoreLaw>> = {
  'a call is found again as it was told': async (store) => {
    const call = sampleOpenCall('told');
    const writer = writerOf(store);
    await writer.append(rowsOf(sampleFacts(call), call));
    await writer.close();
    const reader = createCallReader(store);
    const record = await reader.call('acme', 'told');
    assert.equal(record?.state, 'ended');
    assert.equal(record.end_reason, 'completed');
    assert.equal(record.duration_ms, 20_000);
    assert.deepEqual(record.labels, call.labels);
    assert.equal(record.call_started_at, new Date(call.startedAtMs).toISOString().replace('T', ' ').replace('Z', ''));
    assert.equal(record.yielded, 1);
    assert.equal(record.interruption_latency_ms_p50, 400);
    assert.equal(record.gap_ms_caller, 100);
    assert.equal(record.gap_ms_agent, 0, 'none was observed, which is not unknown');
    assert.equal(record.echo_loss_db, null, 'no echo was found: unknown, not 0');
    const facts = await reader.facts('acme', 'told', { limit: 100 });
    const told = sampleFacts(call).filter(({ kind, status }) => kind !== 'frames' && status === 'final');
    assert.deepEqual(new Set(facts.map(({ id }) => id)), new Set(told.map(({ id }) => id)));
    const [yielded] = facts.filter(({ outcome }) => outcome === 'yielded');
    assert.equal(yielded.latency_ms, 400);
    assert.equal(
      facts.some(({ outcome }) => outcome === 'pending'),
      false,
      'the final one replaced it',
    );
    const frames = await reader.frames('acme', 'told', 0, 10_000, 'agent');
    assert.deepEqual(frames, [
      {
        channel: 'agent',
        start_ms: 5_000,
        level_cdb: [-2_350, -3_000, -10_000],
        speech_255: [255, 51, 0],
        f0_dhz: [1_255, 0, 0],
        voicing_255: [204, 51, 0],
        flags: [33, 50, 4],
      },
    ]);
  },
  'the views give milliseconds, the newest revision, and NULL for what is unknown': async (store) => {
    const view = (columns: string, from: string) =>
      ask(store, `SELECT ${columns} FROM earshot.${from} AND tenant = 'acme'`);
    const told = "WHERE call_id = 'told'";
    assert.deepEqual(
      await view('channel, start_ms, end_ms, duration_ms, level_dbfs', `v_speech ${told} AND channel = 'agent'`),
      [{ channel: 'agent', start_ms: 2_900, end_ms: 5_400, duration_ms: 2_500, level_dbfs: -20.25 }],
    );
    assert.deepEqual(await view('turn_index, speech_ms', `v_turns ${told}`), [
      { turn_index: 0, speech_ms: 950 },
      { turn_index: 1, speech_ms: 2_400 },
    ]);
    assert.deepEqual(await view('started_by, duration_ms', `v_overlaps ${told}`), [
      { started_by: 'caller', duration_ms: 400 },
    ]);
    assert.deepEqual(
      await ask(
        store,
        `SELECT outcome, onset_ms, stop_ms, latency_ms, latency_unknown FROM earshot.v_interruptions ${told} ORDER BY onset_ms`,
      ),
      [
        { outcome: 'yielded', onset_ms: 5_000, stop_ms: 5_400, latency_ms: 400, latency_unknown: '' },
        { outcome: 'continued', onset_ms: 9_000, stop_ms: null, latency_ms: null, latency_unknown: 'not_yielded' },
      ],
    );
    assert.deepEqual(await view('channel, onset_ms', `v_backchannels ${told}`), [
      { channel: 'caller', onset_ms: 12_000 },
    ]);
    assert.deepEqual(await view('caller_end_ms, agent_start_ms, latency_ms, tap', `v_responses ${told}`), [
      { caller_end_ms: 2_000, agent_start_ms: 2_900, latency_ms: 900, tap: 'sent' },
    ]);
    assert.deepEqual(await view('owed_by, duration_ms', `v_dead_air ${told}`), [
      { owed_by: 'agent', duration_ms: 3_500 },
    ]);
    assert.deepEqual(await view('channel, reason, duration_ms', `v_gaps ${told}`), [
      { channel: 'caller', reason: 'loss', duration_ms: 100 },
    ]);
    assert.deepEqual(await view('loss_db, delay_ms', `v_echo ${told}`), [{ loss_db: 32.5, delay_ms: 120 }]);
    assert.deepEqual(
      await ask(
        store,
        `SELECT kind, level_dbfs, clipped_share AS share, silent_ms, holes, intelligibility AS i, period_ms
         FROM earshot.v_incidents ${told} ORDER BY kind`,
      ),
      [
        { ...NO_INCIDENT, kind: 'clipping', share: 0.125 },
        { ...NO_INCIDENT, kind: 'dropout', silent_ms: 60, holes: 3 },
        { ...NO_INCIDENT, kind: 'gibberish', i: 0.125 },
        { ...NO_INCIDENT, kind: 'loop', period_ms: 300 },
        { ...NO_INCIDENT, kind: 'noise_burst', level_dbfs: -30 },
      ],
    );
    assert.deepEqual(
      await view('speech_ms, f0_hz, pause_ms, arousal, pitch_unknown', `v_prosody ${told} AND channel = 'agent'`),
      [{ speech_ms: 950, f0_hz: null, pause_ms: 50, arousal: 0.25, pitch_unknown: 'not_measured' }],
    );
    assert.deepEqual(await view('direction, f0_shift_st, rate_shift_per_s, arousal_shift', `v_tone_changes ${told}`), [
      { direction: 'raised', f0_shift_st: 4.5, rate_shift_per_s: null, arousal_shift: 0.25 },
    ]);
    assert.deepEqual(await view('start_ms, intelligibility, overall_mos', `v_quality ${told}`), [
      { start_ms: 1_280, intelligibility: 0.75, overall_mos: 3 },
    ]);
    assert.deepEqual(await view('models, reason', `v_unmeasured ${told}`), [
      { models: ['arousal', 'syllables'], reason: 'shed' },
    ]);
    assert.deepEqual(await view('model, output, score', `v_model_scores ${told}`), [
      { model: 'dnsmos', output: 'ovrl', score: 2.5 },
    ]);
    assert.deepEqual(
      await ask(
        store,
        `SELECT media_ms, level_dbfs, speech_probability AS p, speech, clipped, gap, echo,
                        f0_hz, round(voicing_probability, 1) AS voicing,
                        dateDiff('millisecond', call_started_at, ts) AS ts_ms
                 FROM earshot.v_frames ${told} AND channel = 'caller' ORDER BY media_ms`,
      ),
      [
        {
          media_ms: 5_000,
          level_dbfs: -23.5,
          p: 1,
          speech: 1,
          clipped: 0,
          gap: 0,
          echo: 0,
          f0_hz: 125.5,
          voicing: 0.8,
          ts_ms: 5_000,
        },
        {
          media_ms: 5_010,
          level_dbfs: -30,
          p: 0.2,
          speech: 0,
          clipped: 1,
          gap: 0,
          echo: 1,
          f0_hz: null,
          voicing: 0.2,
          ts_ms: 5_010,
        },
        {
          media_ms: 5_020,
          level_dbfs: null,
          p: null,
          speech: 0,
          clipped: 0,
          gap: 1,
          echo: 0,
          f0_hz: null,
          voicing: null,
          ts_ms: 5_020,
        },
      ],
    );
    const timeline = await ask(store, `SELECT media_ms, kind FROM earshot.v_timeline ${told} ORDER BY media_ms, kind`);
    assert.equal(timeline.length, 28);
    assert.deepEqual(timeline.at(0), { media_ms: 0, kind: 'call_started' });
    assert.deepEqual(timeline.at(-1), { media_ms: 20_000, kind: 'call_ended' });
  },
  'a live call has its name and no figures': async (store) => {
    const call = sampleOpenCall('live', { tenant: 'live' });
    const writer = writerOf(store);
    await writer.append(rowsOf(sampleFacts(call).slice(0, 3), call));
    await writer.close();
    const [record] = await createCallReader(store).calls('live', { limit: 5, state: 'live' });
    assert.deepEqual(
      { ...record, call_started_at: '' },
      {
        ...Object.fromEntries(Object.keys(record).map((column) => [column, null])),
        tenant: 'live',
        call_id: 'live',
        call_started_at: '',
        state: 'live',
        protocol: 'earshot',
        encoding: 'mulaw',
        rate_hz: 8_000,
        tap: 'sent',
        agent_version: 'v7',
        trace_id: call.traceId,
        labels: call.labels,
        provider_ids: call.providerIds,
        definition_version: 2,
      },
    );
  },
};
