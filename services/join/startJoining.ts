/** The join role of one process: takes reports from the bus, and joins the calls that they or new facts speak of. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus, ReportConsumer } from '../../adapters/bus/bus.ts';
import { whenTaken } from '../../adapters/bus/waiting.ts';
import { createJoinReader } from '../../adapters/clickhouse/joinReader.ts';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import type { RowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import type { TextPolicy, TextTools } from '../../core/events/textPolicy.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { join } from '../../core/join/join.ts';
import type { PriceTable } from '../../core/spans/prices.ts';
import { Busy } from '../../core/units/errors.ts';
import { HeldTexts } from './heldTexts.ts';
import { Joiner } from './joiner.ts';
import { createRecorder } from './recorder.ts';

export interface JoiningOptions {
  readonly bus: Bus;
  readonly store: Store;
  readonly writer: RowWriter;
  readonly prices: PriceTable;
  readonly policyOf: (tenant: string) => TextPolicy;
  readonly textTools: TextTools;
  readonly heldTextBytesMax: number;
  readonly onFact?: (fact: Fact) => void;
  readonly onFailure: (failure: { call: string; error: Error }) => void;
  readonly onJoin?: (joined: { calls: number; tookMs: number }) => void;
}

export interface Joining {
  /** Calls that something came of and that are not joined yet. */
  readonly waitingCalls: number;
  readonly heldTextBytes: number;
  /** Resolves when nothing that came so far waits to be joined. */
  whenIdle(): Promise<void>;
  /** Stops; what is not joined yet is found again by the next start. */
  close(): Promise<void>;
}

/** Calls that are due meanwhile are read together. */
const CYCLE_MS = 1_000;
const CLOSE_MS_MAX = 10_000;
const CLOSING_RETRY_MS = 200;

export function startJoining(options: JoiningOptions): Joining {
  const { bus, store, writer, prices, policyOf, textTools, onFact, onFailure, onJoin } = options;
  const texts = new HeldTexts(options.heldTextBytesMax);
  const joiner = new Joiner({
    reader: createJoinReader(store),
    join,
    prices,
    texts,
    write: (rows) => whenTaken(() => writer.append(rows)),
    tell(fact) {
      bus.publishFact(fact);
      onFact?.(fact);
    },
    notify: (notices) => bus.notify(notices),
    nowMs: Date.now,
    onFailure,
    onJoin,
  });
  const onRecorded = joiner.noteReports.bind(joiner);
  const record = createRecorder({ writer, texts, policyOf, textTools, onRecorded });
  let isClosing = false;
  // What comes while this process leaves is for the next.
  const refuseLate = (): void => {
    if (isClosing) throw new Busy('closing', CLOSING_RETRY_MS);
  };
  const consumer: ReportConsumer = {
    async take(reports) {
      refuseLate();
      await record(reports);
    },
    notice(notice) {
      refuseLate();
      joiner.noteNotice(notice);
      return Promise.resolve();
    },
    owned(isMine) {
      if (!isClosing) joiner.own(isMine);
    },
  };
  bus.consumeReports(consumer);
  const unsubscribe = bus.subscribeFacts((fact) => joiner.noteFact(fact));
  const timer = setInterval(() => void joiner.cycle(), CYCLE_MS);

  return {
    get waitingCalls() {
      return joiner.waitingCalls;
    },
    get heldTextBytes() {
      return texts.bytes;
    },
    whenIdle: () => joiner.whenIdle(),
    async close() {
      clearInterval(timer);
      unsubscribe();
      // While the store is away no cycle ends; the writer, closed next, then gives up what it cannot write.
      isClosing = true;
      const leave = async (): Promise<void> => {
        await joiner.cycle();
        await joiner.leave();
      };
      await Promise.race([leave(), pause(CLOSE_MS_MAX, undefined, { ref: false })]).catch((error: unknown) =>
        onFailure({ call: 'those that are left', error: error as Error }),
      );
    },
  };
}
