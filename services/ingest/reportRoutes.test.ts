/** The routes of reports by themselves: what happens when nothing can be taken, and requests that name a call in odd ways. */
import fastify, { type FastifyInstance } from 'fastify';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Reports } from '../../adapters/bus/bus.ts';
import { Busy } from '../../core/units/errors.ts';
import { reportRoutes } from './reportRoutes.ts';

let app: FastifyInstance;
let taken: Reports[];
let isBusy: boolean;

beforeEach(async () => {
  taken = [];
  isBusy = false;
  app = fastify();
  await app.register(reportRoutes, {
    take(reports) {
      if (isBusy) throw new Busy('rows wait', 1_500);
      taken.push(reports);
      return Promise.resolve();
    },
    nowMs: () => 1_764_000_000_000,
  });
});
afterEach(() => app.close());

const post = (url: string, payload: object | Buffer, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });

/** A word of half a second, as ElevenLabs sends it: times count from the chunk's own start. */
const chunk = (text: string): object => ({
  audio: 'UklGRg==',
  alignment: {
    chars: [...text],
    charStartTimesMs: [...text].map((_, index) => (index * 500) / text.length),
    charDurationsMs: [...text].map(() => 500 / text.length),
  },
});

test('messages that could not be taken are read once, however often they have to be sent', async () => {
  const url = '/v1/events/elevenlabs?callId=c&streamId=s';
  isBusy = true;
  for (let attempt = 0; attempt < 3; attempt++) {
    const refused = await post(url, chunk('good '));
    assert.equal(refused.statusCode, 503);
    assert.equal(refused.headers['retry-after'], '2');
    assert.equal(refused.json<{ code: string }>().code, 'overloaded');
  }
  isBusy = false;
  assert.equal((await post(url, chunk('good '))).statusCode, 200);
  assert.equal((await post(url, chunk('day '))).statusCode, 200);
  const events = taken.flatMap((reports) => reports.events);
  assert.deepEqual(
    events.map(({ type, words }) => [type, ...words.map(({ text, startMs }) => [text, startMs])]),
    [['tts_first_audio'], ['tts_words', ['good', 0]], ['tts_words', ['day', 500]]],
  );
});

test('a call that is named twice is refused, and so is a packing that is not known', async () => {
  const event = { type: 'turn_ended', role: 'caller' };
  for (const url of ['/v1/events?callId=a&callId=b', '/v1/events/deepgram?callId=a&callId=b']) {
    assert.equal((await post(url, event)).statusCode, 400, url);
  }
  assert.deepEqual(taken, []);
  assert.equal((await post('/v1/events?callId=a', event, { 'content-encoding': 'br' })).statusCode, 415);
});

test('a packed body is what it was before', async () => {
  const headers = { 'content-encoding': 'gzip' };
  const score = gzipSync(JSON.stringify({ callId: 'c', name: 'mood', label: 'good' }));
  assert.deepEqual((await post('/v1/scores', score, headers)).json(), { accepted: 1, rejected: [] });
  const events = gzipSync(JSON.stringify({ events: [{ callId: 'c', type: 'turn_ended' }] }));
  assert.deepEqual((await post('/v1/events', events, headers)).json(), { accepted: 1, rejected: [] });
});
