/** The row of `frames`: one second of one channel's 10 ms signals. */
import { DEFINITION_VERSION, type FactOf } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import type { RowOf } from './tables.ts';
import { utc } from './utc.ts';

export const framesRow = (fact: FactOf<'frames'>, call: OpenCall): RowOf<'frames'> => ({
  tenant: fact.tenant,
  call_id: fact.callId,
  call_started_at: utc(call.startedAtMs),
  channel: fact.channel,
  id: fact.id,
  definition_version: DEFINITION_VERSION,
  ts: utc(fact.startWallMs),
  start_sample: fact.startSample,
  level_cdb: Array.from(fact.levelCdb),
  speech_255: Array.from(fact.speech255),
  f0_dhz: Array.from(fact.f0Dhz),
  voicing_255: Array.from(fact.voicing255),
  flags: Array.from(fact.flags),
});
