/** What a seed decides: what kind of service it is, who calls, and what goes wrong when. */
import { Random } from './random.ts';
import { SCRIPTS } from './scripts.ts';
import type { StoreTrouble } from './simulatedStore.ts';

export interface CallPlan {
  readonly tenant: string;
  readonly callId: string;
  readonly script: number;
  readonly startMs: number;
  readonly everyMs: number;
  /** After so many messages the client leaves without a word; null: it says bye. */
  readonly vanishesAfter: number | null;
}

export type Fault =
  | { readonly type: 'socket breaks'; readonly call: number; readonly how: 'for both' | 'silently' }
  | { readonly type: 'network slow'; readonly forMs: number }
  | { readonly type: 'ingest killed'; readonly which: number; readonly downMs: number }
  | { readonly type: 'analyze killed'; readonly which: number; readonly downMs: number }
  | { readonly type: 'analyze restarted'; readonly which: number; readonly downMs: number }
  | { readonly type: 'analyze cut off'; readonly which: number; readonly forMs: number }
  | { readonly type: 'ingest cut off'; readonly which: number; readonly forMs: number }
  | { readonly type: 'store'; readonly trouble: StoreTrouble; readonly forMs: number }
  | { readonly type: 'state unreadable'; readonly call: number }
  | { readonly type: 'model slow'; readonly forMs: number; readonly byMs: number }
  | { readonly type: 'brokers away'; readonly forMs: number }
  | { readonly type: 'answers lost'; readonly forMs: number }
  | { readonly type: 'commits lost'; readonly forMs: number }
  | { readonly type: 'wall clock jumps'; readonly byMs: number };

export interface Plan {
  readonly seed: number;
  readonly bus: 'kafka' | 'memory';
  readonly partitions: number;
  readonly ingests: number;
  readonly analyzers: number;
  readonly stateEveryMs: number;
  readonly calls: readonly CallPlan[];
  readonly faults: readonly { readonly atMs: number; readonly fault: Fault }[];
}

export const FAULTS_END_MS = 45_000;
const FAULTS_BEGIN_MS = 1_500;
/** Stay well below the grace for a client that comes back. */
const SHORT = [400, 6_000] as const;

const STORE_TROUBLES: readonly StoreTrouble[] = [
  'outage',
  'refuses',
  'disk full',
  'slow',
  'succeeds, then times out',
  'comes late',
  'partly',
];

type Maker = (random: Random, plan: Pick<Plan, 'ingests' | 'analyzers' | 'calls'>) => Fault;

const length = (random: Random): number => random.between(...SHORT);

/** By name, with how often it may come in one run. */
const KAFKA_FAULTS: Readonly<Record<string, { readonly most: number; readonly make: Maker }>> = {
  socket: {
    most: 8,
    make: (random, { calls }) => ({
      type: 'socket breaks',
      call: random.below(calls.length),
      how: random.pick(['for both', 'silently']),
    }),
  },
  network: { most: 2, make: (random) => ({ type: 'network slow', forMs: length(random) }) },
  ingestKilled: {
    most: 3,
    make: (random, { ingests }) => ({ type: 'ingest killed', which: random.below(ingests), downMs: length(random) }),
  },
  analyzeKilled: {
    most: 4,
    make: (random, { analyzers }) => ({
      type: 'analyze killed',
      which: random.below(analyzers),
      downMs: length(random),
    }),
  },
  analyzeRestarted: {
    most: 3,
    make: (random, { analyzers }) => ({
      type: 'analyze restarted',
      which: random.below(analyzers),
      downMs: length(random),
    }),
  },
  analyzeCutOff: {
    most: 4,
    make: (random, { analyzers }) => ({
      type: 'analyze cut off',
      which: random.below(analyzers),
      forMs: random.between(1_000, 9_000),
    }),
  },
  ingestCutOff: {
    most: 2,
    make: (random, { ingests }) => ({ type: 'ingest cut off', which: random.below(ingests), forMs: length(random) }),
  },
  store: {
    most: 4,
    make: (random) => ({ type: 'store', trouble: random.pick(STORE_TROUBLES), forMs: random.between(1_000, 12_000) }),
  },
  state: { most: 1, make: (random, { calls }) => ({ type: 'state unreadable', call: random.below(calls.length) }) },
  model: {
    most: 2,
    make: (random) => ({ type: 'model slow', forMs: length(random), byMs: random.between(50, 1_500) }),
  },
  brokers: { most: 2, make: (random) => ({ type: 'brokers away', forMs: random.between(1_000, 10_000) }) },
  answers: { most: 2, make: (random) => ({ type: 'answers lost', forMs: length(random) }) },
  commits: { most: 2, make: (random) => ({ type: 'commits lost', forMs: random.between(3_000, 12_000) }) },
  wall: { most: 2, make: (random) => ({ type: 'wall clock jumps', byMs: Math.round(random.between(-90_000, 4_000)) }) },
};

/** In one process there are no brokers, and whoever dies takes both roles with it. */
const MEMORY_FAULTS = ['socket', 'network', 'analyzeKilled', 'analyzeRestarted', 'store', 'state', 'model', 'wall'];

export function planOf(seed: number): Plan {
  const random = new Random(seed).fork('plan');
  const bus = random.chance(0.25) ? 'memory' : 'kafka';
  const ingests = bus === 'memory' ? 1 : 2;
  const analyzers = bus === 'memory' ? 1 : 1 + random.below(3);
  const names = random.shuffled(
    Object.keys(KAFKA_FAULTS).filter((name) => bus === 'kafka' || MEMORY_FAULTS.includes(name)),
  );
  const kinds = names.slice(0, 1 + random.below(4));
  // A call whose client is gone for good is ended by the process that has it, while that lives.
  const isEndSure = !kinds.some((kind) => ['ingestKilled', 'analyzeRestarted', 'analyzeKilled', 'wall'].includes(kind));
  const calls = callsOf(random, isEndSure ? 0.2 : 0);
  const faults = kinds.flatMap((kind) => {
    const { most, make } = KAFKA_FAULTS[kind];
    return Array.from({ length: 1 + random.below(most) }, () => ({
      atMs: Math.round(random.between(FAULTS_BEGIN_MS, FAULTS_END_MS - 8_000)),
      fault: make(random, { ingests, analyzers, calls }),
    }));
  });
  return {
    seed,
    bus,
    partitions: 1 + random.below(4),
    ingests,
    analyzers,
    stateEveryMs: random.pick([500, 1_000, 2_000]),
    calls,
    faults: faults.sort((a, b) => a.atMs - b.atMs),
  };
}

/** Two tenants use the same names of calls. */
function callsOf(random: Random, vanishingShare: number): CallPlan[] {
  const count = 2 + random.below(2);
  return Array.from({ length: count }, (_, index) => {
    const script = (index + random.below(2) * 2) % SCRIPTS.length;
    const said = SCRIPTS[script].said.length;
    return {
      tenant: index % 2 === 0 ? 'acme' : 'globex',
      callId: `call-${index >> 1}`,
      script,
      startMs: Math.round(random.between(0, 3_000)),
      everyMs: Math.round(random.between(20_000, 40_000) / said),
      vanishesAfter: random.chance(vanishingShare) ? 5 + random.below(said - 5) : null,
    };
  });
}
