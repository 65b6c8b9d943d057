/** One run: the service of a plan, its clients and its faults, on virtual time; what comes out is its history. */
import type { Bus } from '../../adapters/bus/bus.ts';
import { createMemoryBus } from '../../adapters/bus/memoryBus.ts';
import { createCallStates, type StateSealing } from '../../adapters/clickhouse/callStates.ts';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import { createRowWriter, type RowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { createAnalyzer, type Analyzer } from '../../services/analyze/analyzer.ts';
import { Ingest } from '../../services/ingest/ingest.ts';
import { INGEST_LIMITS } from '../../services/ingest/limits.ts';
import { fakeBatcher } from '../support/fakeBatcher.ts';
import { FAULTS_END_MS, type Fault, type Plan } from './plan.ts';
import { Process } from './process.ts';
import { Random } from './random.ts';
import { SimulatedBroker } from './simulatedBroker.ts';
import { createSimulatedBus, type BusFlaws } from './simulatedBus.ts';
import { startClient, type SimulatedClient } from './simulatedClient.ts';
import { SimulatedNetwork, type Server } from './simulatedNetwork.ts';
import { SimulatedStore } from './simulatedStore.ts';
import { VirtualTime } from './virtualTime.ts';

/** Wrong parts that the tests of the checker put in; none in an honest run. */
export interface Flaws {
  readonly bus?: BusFlaws;
  readonly ingestBus?: (bus: Bus) => Bus;
  readonly analyzeBus?: (bus: Bus) => Bus;
  readonly store?: (store: Store, process: Process) => Store;
  readonly writer?: (writer: RowWriter, time: VirtualTime, process: Process) => RowWriter;
}

export interface Taken {
  readonly by: string;
  readonly call: string;
  readonly position: number;
}

export interface History {
  readonly plan: Plan;
  readonly endedAtMs: number;
  readonly outcome: 'over' | 'limit';
  readonly clients: readonly SimulatedClient[];
  readonly store: SimulatedStore;
  readonly events: readonly SpeechEvent[];
  readonly toldFinals: ReadonlyMap<string, Fact>;
  readonly failures: readonly string[];
}

const LIMITS = {
  ...INGEST_LIMITS,
  resumeGraceMs: 12_000,
  idleMsMax: 6_000,
  pingEveryMs: 2_000,
  unackedBytesMax: 100_000,
};
const MEMORY_BUS_BYTES_MAX = 150_000;
const LIMIT_MS = 240_000;
/** After the last call has ended; what is wrong may still come. */
const QUIET_MS = 6_000;
const DIRECTORY_MS_MAX = 1_000;
const LOST_SHARE = 0.7;

const sealing: StateSealing = {
  seal: (plain, context) => Buffer.concat([Buffer.from(`${context}\n`), plain]),
  open(sealed, context) {
    const bytes = Buffer.from(sealed);
    const head = bytes.subarray(0, context.length + 1).toString('utf8');
    if (head !== `${context}\n`) throw new InvalidInput('state_unreadable', { expected: context, got: head });
    return bytes.subarray(context.length + 1);
  },
};

interface Worker {
  readonly process: Process;
  readonly bus: Bus;
  readonly writer: RowWriter;
  readonly analyzer: Analyzer;
}

export async function simulate(plan: Plan, flaws: Flaws = {}): Promise<History> {
  const random = new Random(plan.seed);
  const time = new VirtualTime();
  const uninstall = time.install(random.fork('chance'));
  try {
    return await new World(plan, flaws, random, time).run();
  } finally {
    uninstall();
  }
}

class World {
  readonly #plan: Plan;
  readonly #flaws: Flaws;
  readonly #random: Random;
  readonly #time: VirtualTime;
  readonly #store: SimulatedStore;
  readonly #broker: SimulatedBroker;
  readonly #network: SimulatedNetwork;
  readonly #troubles = { answersLostShare: 0, commitsLostShare: 0 };
  readonly #servers: (Server | null)[] = [];
  readonly #workers: (Worker | null)[] = [];
  readonly #clients: SimulatedClient[] = [];
  readonly #toldFinals = new Map<string, Fact>();
  readonly #failures: string[] = [];
  #modelDelayMs = 0;
  #lives = 0;

  constructor(plan: Plan, flaws: Flaws, random: Random, time: VirtualTime) {
    this.#plan = plan;
    this.#flaws = flaws;
    this.#random = random;
    this.#time = time;
    this.#store = new SimulatedStore(time, random.fork('store'));
    this.#broker = new SimulatedBroker(time, plan.partitions);
    this.#network = new SimulatedNetwork(time, random.fork('network'));
  }

  async run(): Promise<History> {
    const { plan } = { plan: this.#plan };
    if (plan.bus === 'memory') this.#startWhole();
    else {
      for (let which = 0; which < plan.ingests; which += 1) this.#startIngest(which);
      for (let which = 0; which < plan.analyzers; which += 1) this.#startAnalyze(which);
    }
    const choice = this.#random.fork('choice of ingest');
    for (const call of plan.calls) {
      const openSocket = (client: () => SimulatedClient) =>
        this.#network.connect(choice.pick(this.#servers), (connection) => client().connected(connection));
      this.#clients.push(startClient(call, this.#time, openSocket));
    }
    for (const { atMs, fault } of plan.faults) this.#time.after(atMs, () => this.#strike(fault));
    this.#time.after(FAULTS_END_MS, () => this.#heal());
    const outcome = await this.#time.run(() => this.#isOver, LIMIT_MS);
    return {
      plan,
      endedAtMs: this.#time.nowMs,
      outcome,
      clients: this.#clients,
      store: this.#store,
      events: this.#broker.events,
      toldFinals: this.#toldFinals,
      failures: this.#failures,
    };
  }

  #quietSinceMs: number | null = null;

  get #isOver(): boolean {
    const isDone =
      this.#time.nowMs > FAULTS_END_MS &&
      this.#clients.every(({ isSettled }) => isSettled) &&
      this.#plan.calls.every(({ tenant, callId }) =>
        this.#store.statesOf(tenant, callId).some(({ ended }) => ended === true),
      );
    if (!isDone) this.#quietSinceMs = null;
    else this.#quietSinceMs ??= this.#time.nowMs;
    return this.#quietSinceMs !== null && this.#time.nowMs - this.#quietSinceMs > QUIET_MS;
  }

  #newProcess(name: string): Process {
    this.#lives += 1;
    return new Process(`${name}.${this.#lives}`, this.#time);
  }

  #connectStore(process: Process): Store {
    const store = this.#store.connect(process);
    return this.#flaws.store?.(store, process) ?? store;
  }

  #openBus(process: Process): Bus {
    return createSimulatedBus({
      broker: this.#broker,
      process,
      time: this.#time,
      random: this.#random.fork(process.name),
      troubles: this.#troubles,
      flaws: this.#flaws.bus,
    });
  }

  /** All roles in one process, over a bus in memory. */
  #startWhole(): void {
    const process = this.#newProcess('serve');
    const bus = createMemoryBus({ bytesMax: MEMORY_BUS_BYTES_MAX });
    bus.consumeReports({
      take: async ({ events }) => {
        await this.#time.pause(5);
        if (process.isAlive) this.#broker.events.push(...events);
        await process.whileAlive(Promise.resolve());
      },
      notice: () => Promise.resolve(),
      owned: () => undefined,
    });
    this.#serveIngest(0, process, bus);
    this.#work(0, process, bus);
  }

  #startIngest(which: number): void {
    const process = this.#newProcess(`ingest-${which}`);
    this.#serveIngest(which, process, this.#openBus(process));
  }

  #startAnalyze(which: number): void {
    const process = this.#newProcess(`analyze-${which}`);
    this.#work(which, process, this.#openBus(process));
  }

  #serveIngest(which: number, process: Process, bus: Bus): void {
    const states = createCallStates(this.#connectStore(process), sealing);
    let sessions = 0;
    const ingest = new Ingest({
      bus: this.#flaws.ingestBus?.(bus) ?? bus,
      directory: {
        lastDurable: (tenant, callId) =>
          this.#plan.bus === 'memory'
            ? states.load(tenant, callId)
            : Promise.race([states.load(tenant, callId), this.#time.pause(DIRECTORY_MS_MAX).then(() => null)]).catch(
                () => null,
              ),
      },
      limits: LIMITS,
      nowMs: () => Date.now(),
      newSession: () => `${process.name}/${(sessions += 1)}`,
      every: (everyMs, callback) => process.every(everyMs, callback),
      hooks: { onBug: (error) => this.#failures.push(error.stack ?? error.message) },
    });
    this.#servers[which] = { process, serve: (socket) => ingest.serve(socket, undefined) };
  }

  #work(which: number, process: Process, bus: Bus): void {
    const store = this.#connectStore(process);
    const honest = createRowWriter(store, {
      rowsMax: 500,
      waitMs: 150,
      pendingRowsMax: 400,
      retryPauses: { firstMs: 100, maxMs: 1_500 },
    });
    const writer = this.#flaws.writer?.(honest, this.#time, process) ?? honest;
    const analyzer = createAnalyzer({
      bus: this.#flaws.analyzeBus?.(bus) ?? bus,
      batcher: {
        formats: fakeBatcher.formats,
        score: async (row) => this.#answered(await fakeBatcher.score(row)),
        measure: async (row) => this.#answered(await fakeBatcher.measure(row)),
      },
      writer,
      states: createCallStates(store, sealing),
      stateEveryMs: this.#plan.stateEveryMs,
      every: (everyMs, callback) => process.every(everyMs, callback),
      hooks: {
        onFact: (fact) => {
          if (process.isAlive && fact.status === 'final') this.#toldFinals.set(fact.id, fact);
        },
        onFailure: ({ call, error }) => {
          // Of who is being stopped while the store is away, rows are left for others to write.
          if (this.#workers[which]?.process === process)
            this.#failures.push(`${call.callId}: ${error.stack ?? error.message}`);
        },
      },
    });
    this.#workers[which] = { process, bus, writer, analyzer };
  }

  async #answered<Answer>(answer: Answer): Promise<Answer> {
    if (this.#modelDelayMs > 0) await this.#time.pause(this.#modelDelayMs * Math.random());
    return answer;
  }

  #strike(fault: Fault): void {
    const { forMs = 0 } = fault as { forMs?: number };
    switch (fault.type) {
      case 'socket breaks':
        return this.#clients[fault.call].connection?.break(fault.how);
      case 'network slow':
        return this.#during(
          forMs,
          () => (this.#network.slowMs = 800),
          () => (this.#network.slowMs = 0),
        );
      case 'ingest killed':
        return this.#killIngest(fault.which, fault.downMs);
      case 'analyze killed':
        return this.#killAnalyze(fault.which, fault.downMs);
      case 'analyze restarted':
        return void this.#restartAnalyze(fault.which, fault.downMs);
      case 'analyze cut off':
        return this.#workers[fault.which]?.process.cutOff(forMs);
      case 'ingest cut off':
        return this.#servers[fault.which]?.process.cutOff(forMs);
      case 'store':
        return this.#store.trouble(fault.trouble, forMs);
      case 'state unreadable': {
        const { tenant, callId } = this.#plan.calls[fault.call];
        this.#clients[fault.call].isSpoiled = true;
        return this.#store.spoilStates(tenant, callId);
      }
      case 'model slow':
        return this.#during(
          forMs,
          () => (this.#modelDelayMs = fault.byMs),
          () => (this.#modelDelayMs = 0),
        );
      case 'brokers away':
        return this.#broker.goAway(forMs);
      case 'answers lost':
        return this.#during(
          forMs,
          () => (this.#troubles.answersLostShare = LOST_SHARE),
          () => (this.#troubles.answersLostShare = 0),
        );
      case 'commits lost':
        return this.#during(
          forMs,
          () => (this.#troubles.commitsLostShare = LOST_SHARE),
          () => (this.#troubles.commitsLostShare = 0),
        );
      case 'wall clock jumps':
        return this.#time.jumpWall(fault.byMs);
    }
  }

  #during(forMs: number, begin: () => void, end: () => void): void {
    begin();
    this.#time.after(forMs, end);
  }

  #killIngest(which: number, downMs: number): void {
    const server = this.#servers[which];
    if (server === null) return;
    server.process.kill();
    this.#servers[which] = null;
    this.#time.after(downMs, () => this.#startIngest(which));
  }

  #killAnalyze(which: number, downMs: number): void {
    const worker = this.#workers[which];
    if (worker === null) return;
    worker.process.kill();
    this.#workers[which] = null;
    if (this.#plan.bus === 'memory') {
      this.#servers[0] = null;
      this.#time.after(downMs, () => this.#startWhole());
    } else this.#time.after(downMs, () => this.#startAnalyze(which));
  }

  /** As `serve` stops: saves what it can, says goodbye, and is gone. */
  async #restartAnalyze(which: number, downMs: number): Promise<void> {
    const worker = this.#workers[which];
    if (worker === null || this.#plan.bus === 'memory') return this.#killAnalyze(which, downMs);
    this.#workers[which] = null;
    await worker.analyzer.close(3_000);
    await worker.bus.close();
    await worker.writer.close(2_000);
    worker.process.kill();
    this.#time.after(downMs, () => this.#startAnalyze(which));
  }

  #heal(): void {
    this.#store.heal();
    this.#broker.comeBack();
    for (const holder of [...this.#servers, ...this.#workers]) holder?.process.rejoin();
  }
}
