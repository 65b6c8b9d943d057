/**
 * The reading end of the calls' logs: this process's share of the partitions, each entry handed out once and in order while the
 * share lasts, and offsets committed only as far as all calls of a partition are.
 *
 * On the client's own part little is relied on: what is handed out next is known here and held against what comes, a share is
 * compared with what is committed, and a client that stands still is replaced.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { LogConsumer } from './bus.ts';
import type { Bury } from './deadLetters.ts';
import type { KafkaAdmin } from './kafkaAdmin.ts';
import type { KafkaTuning } from './kafkaSettings.ts';
import { decodeEntry } from './logRecord.ts';
import { LogShare } from './logShare.ts';
import type { OffsetLedger } from './offsetLedger.ts';
import { placesOf, type PartitionPlace } from './partitionOffsets.ts';
import { ProgressWatch } from './progressWatch.ts';
import { stickyAssigner } from './stickyAssigner.ts';
import { patiently, pause, within } from './waiting.ts';

export interface KafkaLogHooks {
  readonly onTrouble: (error: Error) => void;
  /** The partitions that this process has from now on. */
  readonly onAssigned: (partitions: readonly number[]) => void;
  /** Entries that the brokers no longer have: kept for too short a time, or not committed for too long. */
  readonly onHole: (hole: { partition: number; fromOffset: number; toOffset: number }) => void;
  /** The client stood still and is being replaced. */
  readonly onStuck: (partitions: readonly number[]) => void;
  /** How many entries of this process's share wait with the brokers to be handed out; told every two seconds. */
  readonly onLag: (entries: number) => void;
}

export interface KafkaLogConsumerOptions {
  readonly kafka: Kafka;
  readonly admin: KafkaAdmin;
  readonly topic: string;
  readonly groupId: string;
  readonly tuning: KafkaTuning;
  readonly consumer: LogConsumer;
  readonly bury: Bury;
  readonly hooks: KafkaLogHooks;
}

export interface KafkaLogConsumer {
  readonly uncommittedBytes: number;
  commit(tenant: string, callId: string, position: number): void;
  close(): Promise<void>;
}

/** Of the bound. A reader that was full goes on from here: each time it is held back, what it fetched ahead is fetched again. */
const RESUME_SHARE = 3 / 4;
const WATCH_EVERY_MS = 2_000;
/** An answer waits for this much to come together: each costs more than what is in it. */
const FETCH_BYTES_MIN = 65_536;
const FETCH_WAIT_MS = 50;
const FETCH_PARTITION_BYTES = 1_048_576;
const FETCH_BYTES = 8_388_608;
const RETRY_PAUSE_MS = 500;
const STOP_MS_MAX = 15_000;
const JOIN_MS_MAX = 5_000;

export function startKafkaLogConsumer(options: KafkaLogConsumerOptions): KafkaLogConsumer {
  const { kafka, admin, topic, groupId, tuning, bury, hooks } = options;
  const share = new LogShare(options.consumer);
  let watch = new ProgressWatch(tuning.stuckAfterMs);
  let client: Consumer | null = null;
  let memberId = '';
  let isClosed = false;
  /** Between leaving one share and knowing the next; nothing is handed out meanwhile. */
  let isBetweenShares = true;
  let joins = 0;
  let running: Promise<void> = Promise.resolve();
  let takingOver: Promise<void> = Promise.resolve();
  let isPaused = false;
  /** Too many entries could not be read: the rest is left for whoever starts anew. */
  let isStopped = false;
  let committing: Promise<void> | null = null;
  let looking: Promise<void> | null = null;
  const holesSeen = new Map<number, number>();

  function openClient(): void {
    const opened = kafka.consumer({
      groupId,
      sessionTimeout: tuning.sessionTimeoutMs,
      rebalanceTimeout: tuning.rebalanceTimeoutMs,
      heartbeatInterval: tuning.heartbeatMs,
      minBytes: FETCH_BYTES_MIN,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: FETCH_PARTITION_BYTES,
      maxBytes: FETCH_BYTES,
      allowAutoTopicCreation: false,
      partitionAssigners: [stickyAssigner(topic, () => share.partitions)],
      retry: {
        retries: 10,
        initialRetryTime: 100,
        maxRetryTime: 1_000,
        restartOnFailure: () => Promise.resolve(opened === client),
      },
    });
    client = opened;
    opened.on(opened.events.REBALANCING, () => {
      if (opened === client) isBetweenShares = true;
    });
    opened.on(opened.events.GROUP_JOIN, ({ payload }) => {
      if (opened !== client || isClosed) return;
      const member = payload.memberId === memberId ? 'as before' : 'new';
      memberId = payload.memberId;
      takingOver = takeOver(opened, payload.memberAssignment[topic] ?? [], member).catch(hooks.onTrouble);
    });
    opened.on(opened.events.CRASH, ({ payload }) => {
      if (opened !== client) return;
      isBetweenShares = true;
      hooks.onTrouble(payload.error);
      if (!payload.restart) void replaceClient();
    });
    running = run(opened);
  }

  async function run(opened: Consumer): Promise<void> {
    try {
      await opened.connect();
      await opened.subscribe({ topic, fromBeginning: true });
      await opened.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => handOut(opened, payload),
      });
    } catch (error) {
      hooks.onTrouble(error as Error);
      if (opened === client) await replaceClient();
    }
  }

  /** A client that gave up or stands still is let go, with all that it had. */
  async function replaceClient(): Promise<void> {
    const old = client;
    client = null;
    memberId = '';
    isBetweenShares = true;
    share.revoke(share.partitions);
    watch = new ProgressWatch(tuning.stuckAfterMs);
    if (old !== null) await within(STOP_MS_MAX, old.disconnect()).catch(hooks.onTrouble);
    await pause(RETRY_PAUSE_MS);
    if (!isClosed) openClient();
  }

  async function takeOver(opened: Consumer, partitions: readonly number[], member: 'as before' | 'new'): Promise<void> {
    isBetweenShares = true;
    const join = (joins += 1);
    // Whoever was out of the group for a while may have had its partitions given to others meanwhile.
    const isKept = (partition: number): boolean => member === 'as before' && partitions.includes(partition);
    share.revoke(share.partitions.filter((partition) => !isKept(partition)));
    const isWanted = (): boolean => join === joins && opened === client && !isClosed;
    const ask = (): Promise<readonly PartitionPlace[]> => placesOf(admin, topic, groupId);
    const places = partitions.length === 0 ? [] : await patiently(ask, isWanted, hooks.onTrouble);
    if (places === null) return;
    for (const place of places.filter(({ partition }) => partitions.includes(partition))) {
      const { partition, committedOffset, firstOffset } = place;
      const startOffset = Math.max(committedOffset ?? firstOffset, firstOffset);
      if (committedOffset !== null && committedOffset < firstOffset) {
        hooks.onHole({ partition, fromOffset: committedOffset, toOffset: firstOffset });
      }
      let ledger = share.ledgerOf(partition);
      if (ledger !== null && startOffset > ledger.committableOffset) {
        // Others had it, and came further than what was committed from here.
        share.revoke([partition]);
        ledger = null;
      }
      ledger ??= share.begin(partition, startOffset);
      opened.seek({ topic, partition, offset: String(ledger.nextOffset) });
    }
    resume();
    holesSeen.clear();
    isBetweenShares = false;
    hooks.onAssigned(partitions);
  }

  async function handOut(opened: Consumer, payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    await takingOver;
    const ledger = share.ledgerOf(batch.partition);
    const isCurrent = (): boolean =>
      opened === client && !isClosed && !isStopped && !isBetweenShares && share.ledgerOf(batch.partition) === ledger;
    for (const message of batch.messages) {
      if (ledger === null || !isCurrent() || payload.isStale() || !payload.isRunning()) return;
      const offset = Number(message.offset);
      if (offset > ledger.nextOffset && isUnexpected(opened, batch.partition, ledger, offset)) return;
      if (offset >= ledger.nextOffset) {
        if (isFull()) return pauseReading(opened);
        let entry: ReturnType<typeof decodeEntry> | null = null;
        try {
          entry = decodeEntry(message.value ?? Buffer.alloc(0));
        } catch (error) {
          const outcome = await bury({ topic, partition: batch.partition }, message, error as Error);
          if (!isCurrent()) return;
          if (outcome === 'stopped') return stopReading(opened);
          ledger.skip(offset);
        }
        if (entry !== null) share.handOut(batch.partition, entry, offset);
      }
      payload.resolveOffset(message.offset);
    }
  }

  /** Offsets do jump where others write in transactions; a jump that comes again when asked for anew is one of the log. */
  function isUnexpected(opened: Consumer, partition: number, ledger: OffsetLedger, offset: number): boolean {
    const fromOffset = ledger.nextOffset;
    if (holesSeen.get(partition) === fromOffset) {
      hooks.onHole({ partition, fromOffset, toOffset: offset });
      return false;
    }
    holesSeen.set(partition, fromOffset);
    opened.seek({ topic, partition, offset: String(fromOffset) });
    return true;
  }

  const isFull = (): boolean => share.uncommittedBytes >= tuning.uncommittedBytesMax;

  function pauseReading(opened: Consumer): void {
    isPaused = true;
    opened.pause([{ topic }]);
  }

  /** This process keeps its share, so that others do not bury as many. */
  function stopReading(opened: Consumer): void {
    isStopped = true;
    pauseReading(opened);
  }

  function resume(): void {
    if (client === null) return;
    if (isStopped) return pauseReading(client);
    isPaused = false;
    client.resume([{ topic }]);
  }

  async function commitDue(): Promise<void> {
    const { due } = share;
    if (client === null || due.length === 0) return;
    try {
      await client.commitOffsets(due.map(({ partition, offset }) => ({ topic, partition, offset: String(offset) })));
      share.noteCommitted(due);
    } catch (error) {
      // Said again at the next round; after a change of shares it is for others to say.
      hooks.onTrouble(error as Error);
    }
  }

  async function lookAtProgress(): Promise<void> {
    if (isBetweenShares || isClosed) return;
    try {
      const ends = await admin.fetchTopicOffsets(topic);
      if (isBetweenShares || isClosed) return;
      const watched = ends.flatMap(({ partition, high }) => {
        const ledger = share.ledgerOf(partition);
        return ledger === null ? [] : [{ partition, nextOffset: ledger.nextOffset, endOffset: Number(high) }];
      });
      hooks.onLag(watched.reduce((sum, { nextOffset, endOffset }) => sum + Math.max(0, endOffset - nextOffset), 0));
      // Nothing is known of a partition while it is left alone.
      const stuck = watch.look(isPaused ? [] : watched, performance.now());
      if (stuck.length === 0) return;
      hooks.onStuck(stuck);
      await replaceClient();
    } catch {
      // While the brokers do not answer, nothing can be said of progress.
      watch = new ProgressWatch(tuning.stuckAfterMs);
    }
  }

  const commitRound = (): void => {
    if (isBetweenShares) return;
    committing ??= commitDue().finally(() => (committing = null));
  };
  const commitTimer = setInterval(commitRound, tuning.commitEveryMs);
  const watchTimer = setInterval(() => {
    looking ??= lookAtProgress().finally(() => (looking = null));
  }, WATCH_EVERY_MS);
  openClient();

  return {
    get uncommittedBytes() {
      return share.uncommittedBytes;
    },
    commit(tenant, callId, position) {
      share.commit(tenant, callId, position);
      if (isPaused && share.uncommittedBytes < tuning.uncommittedBytesMax * RESUME_SHARE) resume();
    },
    async close() {
      isClosed = true;
      for (const timer of [commitTimer, watchTimer]) clearInterval(timer);
      const lastCommit = (committing ?? Promise.resolve()).then(commitDue);
      await within(STOP_MS_MAX, lastCommit).catch(hooks.onTrouble);
      // A client that is let go while it joins does not say that it leaves, and its share would lie idle for a while.
      await within(JOIN_MS_MAX, running).catch(hooks.onTrouble);
      const old = client;
      client = null;
      if (old !== null) await within(STOP_MS_MAX, old.disconnect()).catch(hooks.onTrouble);
    },
  };
}
