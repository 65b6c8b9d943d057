/** Mistakes that a service like this one is known to make, each as a wrong part to be put into the simulation: the checker must see them. */
import { randomUUID } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Bus, LogConsumer } from '../../adapters/bus/bus.ts';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import type { RowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import { Busy } from '../../core/units/errors.ts';
import type { Check } from './checker.ts';
import type { Fault, Plan } from './plan.ts';
import type { Flaws } from './world.ts';

export interface PlantedBug {
  readonly name: string;
  readonly flaws: Flaws;
  /** Any of these shows it. */
  readonly seenBy: readonly Check[];
  /** Only such runs can show it. */
  readonly needs?: (plan: Plan) => boolean;
}

/** A bus whose consumer is wrapped. */
const consuming =
  (wrap: (consumer: LogConsumer, bus: Bus) => LogConsumer) =>
  (bus: Bus): Bus => ({ ...bus, consume: (consumer) => bus.consume(wrap(consumer, bus)) });

const writing = (store: Store, change: (query: string) => string): Store => {
  const exec = (params: { query: string }): unknown => store.writing.exec({ ...params, query: change(params.query) });
  return { ...store, writing: { ...store.writing, exec } as unknown as ClickHouseClient };
};

const appending = (writer: RowWriter, append: RowWriter['append']): RowWriter => ({
  append,
  flush: () => writer.flush(),
  close: (drainMsMax) => writer.close(drainMsMax),
  isHealthy: () => writer.isHealthy(),
  pendingRows: 0,
  pendingBytes: 0,
  lastInsertMs: null,
});

/** What the row writer is asked again for as long as it is busy. */
async function appendPatiently(writer: RowWriter, rows: Parameters<RowWriter['append']>[0]): Promise<void> {
  for (;;) {
    try {
      return await writer.append(rows);
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      await new Promise<void>((resolve) => setTimeout(resolve, error.retryAfterMs));
    }
  }
}

const onKafka = ({ bus }: Plan): boolean => bus === 'kafka';
const has = ({ faults }: Plan, type: Fault['type']): boolean => faults.some(({ fault }) => fault.type === type);

const HELD_BACK_MS = 3_000;

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'the log is committed before what is made of it is durable',
    seenBy: ['skipped', 'lost', 'differs', 'unfinished'],
    flaws: {
      analyzeBus: consuming((consumer, bus) => ({
        ...consumer,
        take(entry) {
          consumer.take(entry);
          bus.commit(entry.tenant, entry.callId, entry.position);
        },
      })),
    },
  },
  {
    name: 'the ledger commits the newest of what was handed out',
    needs: onKafka,
    seenBy: ['skipped', 'lost', 'differs', 'unfinished'],
    flaws: { bus: { commits: 'the newest' } },
  },
  {
    name: 'a partition is taken over a few entries too late',
    needs: onKafka,
    seenBy: ['skipped', 'unfinished', 'lost'],
    flaws: { bus: { takesOver: 'too late' } },
  },
  {
    name: 'what was revoked is not let go of',
    needs: (plan) => plan.analyzers > 1 && has(plan, 'analyze cut off'),
    seenBy: ['skipped', 'disordered', 'differs', 'unfinished', 'two finals', 'failed'],
    flaws: { analyzeBus: consuming((consumer) => ({ take: (entry) => consumer.take(entry) })) },
  },
  {
    name: 'all inserts into a table have one token',
    seenBy: ['differs', 'unfinished', 'lost', 'skipped', 'ending'],
    flaws: {
      store: (store) =>
        writing(store, (query) =>
          query.replace(/insert_deduplication_token = '\w+'/, "insert_deduplication_token = 'same'"),
        ),
    },
  },
  {
    name: 'what a process of ingest says is not told from what the one after it says',
    needs: (plan) => onKafka(plan) && has(plan, 'socket breaks'),
    seenBy: ['ending', 'lost', 'refused'],
    flaws: { ingestBus: (bus) => ({ ...bus, publish: (entry) => bus.publish({ ...entry, session: '' }) }) },
  },
  {
    name: 'states are saved and commits made while the rows before them still wait',
    seenBy: ['differs', 'skipped', 'ending', 'told in vain', 'unfinished'],
    flaws: {
      writer: (writer, time) =>
        appending(writer, (rows) => {
          if (rows.every(({ table }) => table === 'call_states')) return writer.append(rows);
          time.after(HELD_BACK_MS, () => void appendPatiently(writer, rows).catch(() => undefined));
          return Promise.resolve();
        }),
    },
  },
  {
    name: 'what a full bus does not take is dropped',
    seenBy: ['lost', 'skipped', 'unfinished', 'differs'],
    flaws: {
      ingestBus: (bus) => ({
        ...bus,
        publish(entry) {
          try {
            return bus.publish(entry);
          } catch (error) {
            if (error instanceof Busy) return Promise.resolve();
            throw error;
          }
        },
      }),
    },
  },
  {
    name: 'messages are acknowledged when they are handed to the bus',
    seenBy: ['lost', 'refused', 'skipped', 'unfinished'],
    flaws: {
      ingestBus: (bus) => ({
        ...bus,
        publish(entry) {
          void bus.publish(entry);
          return Promise.resolve();
        },
      }),
    },
  },
  {
    name: 'a state is looked for by the name of the call alone',
    seenBy: ['cross-tenant', 'differs', 'skipped', 'unfinished', 'lost', 'refused', 'failed'],
    flaws: {
      store(store) {
        const query = (params: { query: string; query_params: object }): unknown =>
          store.reading.query({ ...params, query_params: { ...params.query_params, tenant: 'acme' } });
        return { ...store, reading: { ...store.reading, query } as unknown as ClickHouseClient };
      },
    },
  },
  {
    name: 'rows are written under another tenant',
    seenBy: ['cross-tenant'],
    flaws: {
      writer: (writer) =>
        appending(writer, (rows) =>
          writer.append(
            rows.map((row) =>
              row.table === 'facts' && row.row.kind === 'turn'
                ? { table: row.table, row: { ...row.row, tenant: 'initech' } }
                : row,
            ),
          ),
        ),
    },
  },
  {
    name: 'reports get a new name each time they are written',
    seenBy: ['duplicate'],
    flaws: {
      analyzeBus: (bus) => ({
        ...bus,
        publishReports: (reports) =>
          bus.publishReports({
            ...reports,
            events: reports.events.map((event) => ({ ...event, id: randomUUID() })),
          }),
      }),
    },
  },
  {
    name: 'what was told first is written again last',
    seenBy: ['final taken back'],
    flaws: {
      writer: (writer, time) =>
        appending(writer, (rows) => {
          const early = rows.flatMap((row) =>
            row.table === 'facts' && row.row.status === 'provisional'
              ? [{ table: row.table, row: { ...row.row, revision: row.row.revision + 100 } }]
              : [],
          );
          time.after(HELD_BACK_MS, () => void appendPatiently(writer, early).catch(() => undefined));
          return writer.append(rows);
        }),
    },
  },
  {
    name: 'a fact depends on who writes it',
    seenBy: ['two finals', 'differs'],
    flaws: {
      writer: (writer, _, process) =>
        appending(writer, (rows) =>
          writer.append(
            rows.map((row) =>
              row.table === 'facts' && row.row.kind === 'speech'
                ? {
                    table: row.table,
                    row: { ...row.row, level_dbfs: -process.name.length - Number(process.name.at(-1)) },
                  }
                : row,
            ),
          ),
        ),
    },
  },
];
