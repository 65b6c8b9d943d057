/**
 * Saved states of running calls, by which a call goes on after a restart exactly where its rows are durable. A state holds
 * the last seconds of the call's audio, so it is stored sealed, bound to its call, its place in the log and its version.
 */
import { deserialize, serialize } from 'node:v8';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import type { Store } from './openStore.ts';

/** What a call is besides its audio; whoever goes on with it begins in the middle of its log. */
export interface OpenedCall {
  readonly call: OpenCall;
  /** The session of ingest that opened it last. */
  readonly session: string;
  /** When its sender made that connection, by its own clock; 0: not told. */
  readonly connectedAtMs: number;
}

export interface CallState {
  /** Everything of the sender up to this message is contained, and its rows are durable. */
  readonly seq: number;
  /** How many entries of the log are contained: it tells states of one seq apart. */
  readonly taken: number;
  readonly stateVersion: number;
  readonly ended: boolean;
  /** Null once the call has ended, and in states of before it was kept. */
  readonly opened: OpenedCall | null;
  /** Plain data as `Call.save` gave it; null once the call has ended. */
  readonly state: unknown;
}

/** A state as it was found. */
export interface FoundState extends Omit<CallState, 'state'> {
  /** Its plain data. Throws InvalidInput `state_unreadable` when the seal cannot be opened. */
  open(): unknown;
}

export interface CallStates {
  load(tenant: string, callId: string): Promise<FoundState | null>;
  row(tenant: string, callId: string, state: CallState): TableRow;
}

/** What states are sealed with; opened only under the context under which they were sealed. */
export interface StateSealing {
  seal(plain: Uint8Array, context: string): Uint8Array;
  open(sealed: Uint8Array, context: string): Uint8Array;
}

export const createCallStates = (store: Store, sealing: StateSealing): CallStates => ({
  async load(tenant, callId) {
    // What another replica was given last has to be seen: an older state would leave out what is committed after it.
    if (store.cluster !== '') {
      await store.reading.command({ query: 'SYSTEM SYNC REPLICA earshot.call_states LIGHTWEIGHT' });
    }
    const result = await store.reading.query({
      query: `SELECT toString(seq) AS seq_text, toString(taken) AS taken_text, state_version, ended, opened, state
              FROM earshot.call_states
              WHERE tenant = {tenant:String} AND call_id = {callId:String}
              ORDER BY ended DESC, seq DESC, call_states.taken DESC, stored_at DESC LIMIT 1`,
      query_params: { tenant, callId },
      format: 'JSONEachRow',
    });
    const [row] = await result.json<StateRecord>();
    if (row === undefined) return null;
    const found = {
      seq: Number(row.seq_text),
      taken: Number(row.taken_text),
      stateVersion: row.state_version,
      ended: row.ended,
      opened: row.opened === '' ? null : (JSON.parse(row.opened) as OpenedCall),
    };
    const context = contextOf(tenant, callId, found);
    return { ...found, open: () => plainOf(sealing.open(Buffer.from(row.state, 'base64'), context)) };
  },
  row: (tenant, callId, saved) => ({
    table: 'call_states',
    row: {
      tenant,
      call_id: callId,
      seq: saved.seq,
      taken: saved.taken,
      state_version: saved.stateVersion,
      ended: saved.ended,
      opened: saved.opened === null ? '' : JSON.stringify(saved.opened),
      state: saved.state === null ? '' : sealedOf(saved.state, contextOf(tenant, callId, saved), sealing),
    },
  }),
});

interface StateRecord {
  readonly seq_text: string;
  readonly taken_text: string;
  readonly state_version: number;
  readonly ended: boolean;
  readonly opened: string;
  readonly state: string;
}

const sealedOf = (state: unknown, context: string, sealing: StateSealing): string =>
  Buffer.from(sealing.seal(serialize(state), context)).toString('base64');

/** A newer Node's serialisation may be unknown to an older one. */
function plainOf(serialized: Uint8Array): unknown {
  try {
    return deserialize(serialized);
  } catch (error) {
    throw new InvalidInput('state_unreadable', {
      expected: 'a state that this version of Node can read',
      got: (error as Error).message,
    });
  }
}

const contextOf = (
  tenant: string,
  callId: string,
  { seq, stateVersion }: Pick<CallState, 'seq' | 'stateVersion'>,
): string => JSON.stringify([tenant, callId, seq, stateVersion]);
