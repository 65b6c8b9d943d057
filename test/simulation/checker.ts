/**
 * What must hold of a run, looked at from outside: what clients were told, what lies in the store as its views show it, what was
 * told on the feed; held against a calm run of the same call. Each finding names the check that found it.
 */
import type { EndReason } from '../../core/facts/facts.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { calmRows } from './scripts.ts';
import type { SimulatedClient } from './simulatedClient.ts';
import type { StoredRow } from './simulatedStore.ts';
import type { History } from './world.ts';

export const CHECKS = [
  /** It came to rest: all calls have ended, all clients were answered. */
  'unfinished',
  /** The service failed inside. */
  'failed',
  /** A client that did nothing wrong was turned away for good. */
  'refused',
  /** Acknowledged, and not in what is stored. */
  'lost',
  /** The same stretch of sound, or the same report under another name, twice. */
  'duplicate',
  /** Sound that is neither analysed nor in a gap, or in a gap though it came. */
  'skipped',
  /** What is saved of a call goes back. */
  'disordered',
  /** Two final versions of one fact that say different things. */
  'two finals',
  /** A final fact that became provisional again. */
  'final taken back',
  /** A call that ended not once, or otherwise than its client knows. */
  'ending',
  /** What belongs to one tenant lies with another. */
  'cross-tenant',
  /** Told as final and not stored. */
  'told in vain',
  /** Other facts, or other values, than a calm run has. */
  'differs',
] as const;
export type Check = (typeof CHECKS)[number];

export interface Violation {
  readonly check: Check;
  readonly call: string;
  readonly what: string;
}

const TOLERANCE = 1e-5;
const SAMPLES_PER_FRAME = 160;
/** By the estimate of the wall clock, which knows arrivals; and the count of tellings. */
const NOT_COMPARED = new Set(['ts', 'sample0_at', 'revision']);

export async function check(history: History): Promise<Violation[]> {
  const violations: Violation[] = [];
  const versions = versionsOf(history);
  const found =
    (call: string) =>
    (name: Check, what: string): void => {
      if (violations.length < 50) violations.push({ check: name, call, what });
    };
  if (history.outcome === 'limit') found('')('unfinished', `not at rest after ${history.endedAtMs} ms`);
  for (const failure of history.failures) found('')('failed', failure);
  const isKnown = (row: StoredRow): boolean =>
    history.clients.some(({ plan }) => plan.tenant === row.tenant && plan.callId === row.call_id);
  for (const { row } of versions.values())
    if (!isKnown(row)) found('')('cross-tenant', JSON.stringify(row).slice(0, 120));
  for (const client of history.clients) await checkCall(client, history, versions, found(nameOf(client)));
  return violations;
}

type Found = (check: Check, what: string) => void;

const nameOf = ({ plan }: SimulatedClient): string => `${plan.tenant}/${plan.callId}`;

/** All versions of a row that lie in one place of its table, and the one that its view shows. */
interface Place {
  readonly table: string;
  row: StoredRow;
  readonly all: StoredRow[];
}

function versionsOf({ store }: History): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { table, rows } of store.inserts) {
    if (table === 'call_states') continue;
    for (const row of rows) {
      const key = placeOf(table, row);
      const place = places.get(key);
      if (place === undefined) places.set(key, { table, row, all: [row] });
      else {
        place.all.push(row);
        if (Number(row.revision ?? 0) >= Number(place.row.revision ?? 0)) place.row = row;
      }
    }
  }
  return places;
}

/** The sorting keys of deploy/clickhouse. */
function placeOf(table: string, row: Readonly<Record<string, unknown>>): string {
  const key =
    table === 'calls'
      ? [row.call_started_at, row.part]
      : table === 'frames'
        ? [row.channel, row.start_sample]
        : [row.kind, row.call_started_at, row.id];
  return JSON.stringify([table, row.tenant, row.call_id, ...key]);
}

async function checkCall(
  client: SimulatedClient,
  history: History,
  versions: ReadonlyMap<string, Place>,
  found: Found,
): Promise<void> {
  const { plan, script, ackedSeq, refusal } = client;
  const places = [...versions].filter(([, { row }]) => row.tenant === plan.tenant && row.call_id === plan.callId);
  if (refusal !== null) found('refused', refusal.message);
  checkOrder(history, client, found);
  checkVersions(places, client, found);
  checkReports(history, client, found);

  const states = history.store.statesOf(plan.tenant, plan.callId);
  const lastSeq = Math.max(-1, ...states.filter(({ ended }) => ended === true).map(({ seq }) => Number(seq)));
  if (lastSeq < ackedSeq) found('lost', `acknowledged up to ${ackedSeq}, stored up to ${lastSeq}`);
  const endings = places.flatMap(([, { table, row }]) => (table === 'facts' && row.kind === 'call_ended' ? [row] : []));
  if (endings.length !== 1) {
    found('ending', `${endings.length} ends: ${endings.map(({ reason }) => String(reason)).join(', ')}`);
    return;
  }
  const expectedReason: EndReason = plan.vanishesAfter === null ? 'completed' : 'client_vanished';
  const [{ reason }] = endings;
  if (reason !== expectedReason) found('ending', `${String(reason)} instead of ${expectedReason}`);

  const messageCount = Math.min(script.said.length, lastSeq + 1);
  checkCover(places, Number(endings[0].start_sample), audioSamples(client, messageCount), client, found);
  if (client.isSpoiled) return;
  const ending = { reason: expectedReason, errorCode: '', errorText: '' };
  const calm = await calmRows(script, plan, messageCount, ending);
  checkSame(places, calm, found);
  for (const fact of history.toldFinals.values()) {
    if (fact.tenant !== plan.tenant || fact.callId !== plan.callId || fact.kind === 'frames') continue;
    const isStored = places.some(([, { all }]) => all.some((row) => row.id === fact.id && row.status === 'final'));
    if (!isStored) found('told in vain', `${fact.kind} ${fact.id}`);
  }
}

/** At 16 kHz, from the messages at 8 kHz. */
function audioSamples({ script }: SimulatedClient, messageCount: number): number {
  let end = 0;
  for (const said of script.said.slice(0, messageCount)) {
    if (said.type === 'audio') end = said.position + said.payload.length / 4;
  }
  return end * 2;
}

/** Of one worker's states, as they came into the store. */
function checkOrder({ store }: History, { plan }: SimulatedClient, found: Found): void {
  const last = new Map<string, readonly [number, number]>();
  for (const { table, by, rows } of store.inserts) {
    if (table !== 'call_states') continue;
    for (const row of rows) {
      if (row.tenant !== plan.tenant || row.call_id !== plan.callId) continue;
      const [seq, taken] = [Number(row.seq), Number(row.taken)];
      const before = last.get(by);
      if (before !== undefined && (seq < before[0] || (seq === before[0] && taken < before[1]))) {
        found('disordered', `${by} saved ${seq}/${taken} after ${before.join('/')}`);
      }
      last.set(by, [seq, taken]);
    }
  }
}

function checkVersions(
  places: readonly (readonly [string, Place])[],
  { isSpoiled }: SimulatedClient,
  found: Found,
): void {
  for (const [key, { table, all }] of places) {
    if (table !== 'facts') continue;
    const finals = all.filter(({ status }) => status === 'final');
    if (finals.length === 0) continue;
    const other = finals.find((row) => differenceOf(row, finals[0]) !== null);
    if (other !== undefined && !isSpoiled) found('two finals', `${key}: ${String(differenceOf(other, finals[0]))}`);
    const revision = Math.max(...finals.map((row) => Number(row.revision)));
    const isTakenBack = all.some((row) => row.status === 'provisional' && Number(row.revision) >= revision);
    if (isTakenBack && !isSpoiled) found('final taken back', key);
  }
}

function checkReports({ events }: History, { plan, script, ackedSeq }: SimulatedClient, found: Found): void {
  const ofCall = events.filter(({ tenant, callKey }) => tenant === plan.tenant && callKey === plan.callId);
  const ids = new Map<number, Set<string>>();
  for (const { startMs, id } of ofCall) ids.set(startMs ?? -1, (ids.get(startMs ?? -1) ?? new Set()).add(id));
  script.said.forEach((said, seq) => {
    if (said.type !== 'event') return;
    const count = ids.get(said.startMs)?.size ?? 0;
    if (count === 0 && seq <= ackedSeq) found('lost', `the report at ${said.startMs} ms`);
    if (count > 1) found('duplicate', `the report at ${said.startMs} ms has ${count} names`);
  });
}

/** Each sample of the call is in exactly one row of frames, and no stretch that came is told to be a gap. */
function checkCover(
  places: readonly (readonly [string, Place])[],
  endSample: number,
  cameSamples: number,
  { isSpoiled }: SimulatedClient,
  found: Found,
): void {
  if (endSample < cameSamples) found('lost', `the call ends at ${endSample}; ${cameSamples} samples came`);
  for (const channel of ['caller', 'agent']) {
    const frames = places
      .filter(([, { table, row }]) => table === 'frames' && row.channel === channel)
      .map(([, { row }]) => {
        const from = Number(row.start_sample);
        return [from, from + (row.level_cdb as unknown[]).length * SAMPLES_PER_FRAME] as const;
      })
      .sort(([a], [b]) => a - b);
    const gaps = places.filter(([, { row }]) => row.kind === 'gap' && row.channel === channel);
    for (const [, { row }] of gaps) {
      const isFromSpoiling = isSpoiled && row.reason === 'restart';
      if (!isFromSpoiling) found('skipped', `a gap of reason ${String(row.reason)} at ${String(row.start_sample)}`);
    }
    // Begun anew, a call may tell a stretch again of which more was stored than its lost state knew.
    if (isSpoiled) continue;
    const speech = places
      .filter(([, { row, table }]) => table === 'facts' && row.kind === 'speech' && row.channel === channel)
      .map(([, { row }]) => [Number(row.start_sample), Number(row.end_sample)] as const)
      .sort(([a], [b]) => a - b);
    for (const [index, [from, to]] of speech.entries()) {
      if (index > 0 && from < speech[index - 1][1]) found('duplicate', `speech of ${channel} at ${from} to ${to}`);
    }
    let reached = 0;
    for (const [from, to] of frames) {
      if (from < reached) found('duplicate', `frames of ${channel} at ${from}`);
      if (from > reached) found('skipped', `frames of ${channel} from ${reached} to ${from}`);
      reached = Math.max(reached, to);
    }
    if (reached < Math.floor(endSample / SAMPLES_PER_FRAME) * SAMPLES_PER_FRAME - SAMPLES_PER_FRAME) {
      found('skipped', `frames of ${channel} end at ${reached} of ${endSample}`);
    }
  }
}

function checkSame(places: readonly (readonly [string, Place])[], calm: readonly TableRow[], found: Found): void {
  const expected = new Map(calm.map(({ table, row }) => [placeOf(table, row), row]));
  for (const [key, row] of expected) {
    const place = places.find(([name]) => name === key)?.[1];
    if (place === undefined) found('differs', `lacks ${key}`);
    else {
      const difference = differenceOf(place.row, row);
      if (difference !== null) found('differs', `${key}: ${difference}`);
    }
  }
  for (const [key] of places) if (!expected.has(key)) found('differs', `has ${key} more`);
}

type Fields = Readonly<Record<string, unknown>>;

function differenceOf(a: Fields, b: Fields): string | null {
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (!NOT_COMPARED.has(name) && !isSame(a[name], b[name])) {
      return `${name} ${JSON.stringify(a[name])} and ${JSON.stringify(b[name])}`;
    }
  }
  return null;
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b));
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => isSame(item, b[at]));
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length && names.every((name) => isSame((a as Fields)[name], (b as Fields)[name]))
    );
  }
  return a === b || ((a ?? null) === null && (b ?? null) === null);
}
