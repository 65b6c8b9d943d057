/** Saved states of running calls, by which a call goes on after a restart exactly where its rows are durable. */
import { deserialize, serialize } from 'node:v8';
import type { TableRow } from '../../core/rows/tables.ts';
import type { Store } from './openStore.ts';

export interface CallState {
  /** Everything up to this message is contained, and its rows are durable. */
  readonly seq: number;
  readonly stateVersion: number;
  readonly ended: boolean;
  /** Plain data as `Call.save` gave it; null once the call has ended. */
  readonly state: unknown;
}

export interface CallStates {
  load(tenant: string, callId: string): Promise<CallState | null>;
}

export const createCallStates = (store: Store): CallStates => ({
  async load(tenant, callId) {
    const result = await store.reading.query({
      query: `SELECT toString(seq) AS seq_text, state_version, ended, state FROM earshot.call_states
              WHERE tenant = {tenant:String} AND call_id = {callId:String} ORDER BY ended DESC, seq DESC LIMIT 1`,
      query_params: { tenant, callId },
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ seq_text: string; state_version: number; ended: boolean; state: string }>();
    if (row === undefined) return null;
    return {
      seq: Number(row.seq_text),
      stateVersion: row.state_version,
      ended: row.ended,
      state: row.state === '' ? null : (deserialize(Buffer.from(row.state, 'base64')) as unknown),
    };
  },
});

export const callStateRow = (
  tenant: string,
  callId: string,
  { seq, stateVersion, ended, state }: CallState,
): TableRow => ({
  table: 'call_states',
  row: {
    tenant,
    call_id: callId,
    seq,
    state_version: stateVersion,
    ended,
    state: state === null ? '' : serialize(state).toString('base64'),
  },
});
