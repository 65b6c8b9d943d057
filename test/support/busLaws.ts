/**
 * What every bus promises, whatever it is made of. A memory bus forgets what was not acknowledged when it closes, and its senders
 * bring that again; Kafka keeps it. The laws state what is common: nothing acknowledged is lost, nothing is out of order.
 */
import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { Bus, CallNotice, IsMine, LogEntry, ReportConsumer, Reports } from '../../adapters/bus/bus.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { Busy } from '../../core/units/errors.ts';
import type { SampleIndex } from '../../core/units/time.ts';
import { audioEntry, closeEntry, collector } from './logEntries.ts';

export interface LawBus {
  readonly bus: Bus;
  /** Resolves when the ends that were opened work. */
  ready(): Promise<void>;
  /** Closes it and opens one that goes on where it was, if that can be. */
  reopen(): Promise<LawBus>;
}

export interface BusMaker {
  /** Refuses more than about `bytesMax` that it cannot let go of yet. */
  open(bytesMax: number): Promise<LawBus>;
  close(): Promise<void>;
}

const ROOMY = 1e8;

export function busLaws(name: string, make: () => Promise<BusMaker>): void {
  const law = (title: string, body: (maker: BusMaker) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const maker = await make();
      try {
        await body(maker);
      } finally {
        await maker.close();
      }
    });
  };

  law('entries come in order within a call, those from before there was a consumer as well', async (maker) => {
    const { bus } = await maker.open(ROOMY);
    const taken = collector();
    const calls = ['a', 'b', 'c', 'd'];
    for (let seq = 0; seq < 20; seq += 1) for (const call of calls) void bus.publish(audioEntry(call, seq));
    bus.consume(taken);
    for (let seq = 20; seq < 40; seq += 1) for (const call of calls) void bus.publish(audioEntry(call, seq));
    await taken.count(40 * calls.length);
    for (const call of calls) assert.deepEqual(taken.seqsOf(call), upTo(40));
  });

  law('an entry reaches the consumer as it was published', async (maker) => {
    const { bus } = await maker.open(ROOMY);
    const taken = collector();
    bus.consume(taken);
    const entries = [audioEntry('a', 0, 333), closeEntry('a', 1)];
    for (const entry of entries) void bus.publish(entry);
    await taken.count(2);
    assert.deepEqual(taken.entries, entries);
  });

  law('what is committed is acknowledged', async (maker) => {
    const { bus } = await maker.open(ROOMY);
    bus.consume({ take: ({ tenant, callId, position }) => setImmediate(() => bus.commit(tenant, callId, position)) });
    await Promise.all(upTo(50).map((seq) => bus.publish(audioEntry('a', seq))));
  });

  law('a full bus says so, takes nothing, and has room again', async (maker) => {
    const { bus } = await maker.open(5_000);
    const taken = collector();
    bus.consume(taken);
    const accepted: number[] = [];
    const acknowledged: Promise<void>[] = [];
    let refused = 0;
    // In one go, so that nothing can be let go of in between.
    for (const seq of upTo(50)) {
      try {
        acknowledged.push(bus.publish(audioEntry('a', accepted.length, 1_000)));
        accepted.push(seq);
      } catch (error) {
        assert.ok(error instanceof Busy && error.retryAfterMs > 0);
        refused += 1;
      }
    }
    assert.ok(refused > 0 && accepted.length > 0);
    await taken.count(accepted.length);
    bus.commit('t', 'a', taken.positionOf('a', accepted.length - 1));
    await Promise.all(acknowledged);
    const last = bus.publish(audioEntry('a', accepted.length, 1_000));
    await taken.count(accepted.length + 1);
    bus.commit('t', 'a', taken.positionOf('a', accepted.length));
    await last;
    assert.deepEqual(taken.seqsOf('a'), upTo(accepted.length + 1));
  });

  law(
    'after a restart each call goes on no later than after what is committed of it, in order, and is whole',
    async (maker) => {
      const first = await maker.open(ROOMY);
      const taken = collector();
      first.bus.consume(taken);
      const unacknowledged = new Set<LogEntry>();
      const publish = (bus: Bus, entry: LogEntry): void => {
        unacknowledged.add(entry);
        bus.publish(entry).then(
          () => unacknowledged.delete(entry),
          () => undefined,
        );
      };
      // Calls that share a partition, with commits that are not in step.
      const committed = new Map([
        ['a', 9],
        ['b', -1],
        ['c', 29],
        ['d', 14],
      ]);
      for (const seq of upTo(30)) for (const call of committed.keys()) publish(first.bus, audioEntry(call, seq));
      await taken.count(30 * committed.size);
      for (const [call, seq] of committed) if (seq >= 0) first.bus.commit('t', call, taken.positionOf(call, seq));
      const second = await first.reopen();
      const again = collector();
      second.bus.consume(again);
      // Whoever was not told that its entry is safe brings it again.
      for (const entry of [...unacknowledged]) publish(second.bus, { ...entry, session: 'second' });
      for (const call of committed.keys()) publish(second.bus, { ...audioEntry(call, 30), session: 'second' });
      await again.until(() => [...committed.keys()].every((call) => again.seqsOf(call).includes(30)));
      for (const [call, seq] of committed) {
        const seqs = again.seqsOf(call);
        const begin = seqs[0];
        assert.ok(begin <= seq + 1, `${call} goes on at ${begin}, committed is ${seq}`);
        assert.deepEqual(seqs, upTo(31).slice(begin));
      }
    },
  );

  law('a commit of what another call has done, or of what never was, changes nothing', async (maker) => {
    const { bus } = await maker.open(ROOMY);
    const taken = collector();
    bus.consume(taken);
    void bus.publish(audioEntry('a', 0));
    await taken.count(1);
    const position = taken.positionOf('a', 0);
    bus.commit('t', 'b', position);
    bus.commit('other', 'a', position);
    void bus.publish(audioEntry('a', 1));
    await taken.count(2);
    assert.deepEqual(taken.seqsOf('a'), [0, 1]);
  });

  law('a report that was acknowledged has come to its taker or comes to the next one, whole', async (maker) => {
    const first = await maker.open(ROOMY);
    const came = new EventEmitter();
    const seen = new Map<string, unknown>();
    const take = ({ events }: Reports): Promise<void> => {
      for (const event of events) seen.set(event.id, event);
      came.emit('change');
      return Promise.resolve();
    };
    first.bus.consumeReports(takerOf(take));
    await first.ready();
    const sent = upTo(30).map((index) => eventNumber(index));
    await Promise.all(sent.slice(0, 20).map((event) => first.bus.publishReports(reportsOf([event]))));
    const second = await first.reopen();
    second.bus.consumeReports(takerOf(take));
    await second.ready();
    await second.bus.publishReports(reportsOf(sent.slice(20)));
    while (seen.size < sent.length) await once(came, 'change');
    for (const event of sent) assert.deepEqual(seen.get(event.id), event);
  });

  law('reports that their taker has no room for are not acknowledged as lost', async (maker) => {
    const opened = await maker.open(ROOMY);
    const { bus } = opened;
    let tries = 0;
    const took = new Promise<void>((resolve) => {
      const take = (): Promise<void> => {
        tries += 1;
        if (tries < 3) throw new Busy('full', 10);
        resolve();
        return Promise.resolve();
      };
      bus.consumeReports(takerOf(take));
    });
    await opened.ready();
    for (let isTaken = false; !isTaken;) {
      try {
        await bus.publishReports(reportsOf([eventNumber(0)]));
        isTaken = true;
      } catch (error) {
        assert.ok(error instanceof Busy);
      }
    }
    await took;
  });

  law('a notice comes, whole, to a process that takes its call for its own', async (maker) => {
    const opened = await maker.open(ROOMY);
    const { bus } = opened;
    const came = new EventEmitter();
    // As every report, a notice may come again.
    const heard = new Map<string, CallNotice & { readonly wasMine: boolean }>();
    let isMine: IsMine = () => false;
    bus.consumeReports({
      take: () => Promise.resolve(),
      owned: (next) => (isMine = next),
      notice(notice) {
        heard.set(notice.callId, { ...notice, wasMine: isMine(notice.tenant, notice.callId) });
        came.emit('change');
        return Promise.resolve();
      },
    });
    await opened.ready();
    const words = [{ text: 'good', startMs: 0.5, endMs: 200.25, confidence: null }];
    const texts = [{ tenant: 't', callKey: 'sid', eventId: 'e', text: 'good day', words }];
    await bus.notify(['a', 'b', 'c'].map((callId) => ({ tenant: 't', callId, texts })));
    while (heard.size < 3) await once(came, 'change');
    assert.deepEqual(
      [...heard.values()].sort((a, b) => (a.callId < b.callId ? -1 : 1)),
      ['a', 'b', 'c'].map((callId) => ({ tenant: 't', callId, texts, wasMine: true })),
    );
  });

  law('facts go to whoever listens, until it stops', async (maker) => {
    const opened = await maker.open(ROOMY);
    const { bus } = opened;
    const heard: string[] = [];
    const came = new EventEmitter();
    const stop = bus.subscribeFacts(({ id }) => heard.push(`first ${id}`));
    bus.subscribeFacts(({ id }) => {
      heard.push(`second ${id}`);
      came.emit('change');
    });
    await opened.ready();
    const hearing = async (count: number): Promise<void> => {
      while (heard.length < count) await once(came, 'change');
    };
    bus.publishFact(fact('1'));
    await hearing(2);
    stop();
    bus.publishFact(fact('2'));
    await hearing(3);
    assert.deepEqual(heard, ['first 1', 'second 1', 'second 2']);
  });

  law('frames are told to nobody', async (maker) => {
    const opened = await maker.open(ROOMY);
    const { bus } = opened;
    const heard: Fact[] = [];
    const came = new EventEmitter();
    bus.subscribeFacts((told) => {
      heard.push(told);
      came.emit('change');
    });
    await opened.ready();
    bus.publishFact(framesFact('1'));
    const last = fact('2');
    bus.publishFact(last);
    while (heard.length === 0) await once(came, 'change');
    assert.deepEqual(heard, [last]);
  });

  law('a closed bus hands out nothing more', async (maker) => {
    const { bus } = await maker.open(ROOMY);
    const taken = collector();
    bus.consume(taken);
    void bus.publish(audioEntry('a', 0));
    await taken.count(1);
    await bus.close();
    assert.equal(taken.entries.length, 1);
  });
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const eventNumber = (index: number): Reports['events'][number] =>
  eventOf(
    { type: 'turn_ended', role: 'caller', occurredAtMs: 1_790_000_000_000 + index + 0.25, startMs: index / 3 },
    { tenant: 't', callKey: `call-${index % 3}`, source: 'law', receivedAtMs: 1_790_000_000_500 + index },
  );

const takerOf = (take: ReportConsumer['take']): ReportConsumer => ({
  take,
  notice: () => Promise.resolve(),
  owned: () => undefined,
});

const reportsOf = (events: Reports['events']): Reports => ({ tenant: 't', events, spans: [], scores: [] });

const fact = (id: string): Fact => ({
  kind: 'speech',
  status: 'final',
  revision: 1,
  id,
  tenant: 't',
  callId: 'a',
  startWallMs: 1_790_000_000_000,
  channel: 'caller',
  startSample: 0 as SampleIndex,
  endSample: null,
  levelDbfs: -20.5,
  probabilityMean: 0.9,
});

const framesFact = (id: string): Fact => ({
  kind: 'frames',
  status: 'final',
  revision: 1,
  id,
  tenant: 't',
  callId: 'a',
  startWallMs: 1_790_000_000_000,
  channel: 'caller',
  startSample: 0 as SampleIndex,
  endSample: 160 as SampleIndex,
  frameCount: 1,
  levelCdb: Int16Array.of(-2_050),
  speech255: Uint8Array.of(255),
  f0Dhz: Uint16Array.of(1_200),
  voicing255: Uint8Array.of(200),
  flags: Uint8Array.of(1),
});
