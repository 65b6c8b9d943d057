/** The metrics of a process, made from the register. */
import { totalmem } from 'node:os';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { REGISTER, type Spec } from './register.ts';

/** Reads a value whenever the metrics are scraped. A role that has nothing to read does not show it. */
export interface ReadGauge {
  read(value: () => number): void;
}

type MetricOf<Entry> =
  Entry extends Spec<'counter', infer Label>
    ? Counter<Label>
    : Entry extends Spec<'histogram', infer Label>
      ? Histogram<Label>
      : ReadGauge;

export type Metrics = { readonly registry: Registry } & {
  readonly [Field in keyof typeof REGISTER]: MetricOf<(typeof REGISTER)[Field]>;
};

/** What every Node process tells keeps its usual names (`process_*`, `nodejs_*`), by which dashboards know them. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = Object.fromEntries(
    Object.entries(REGISTER).map(([field, spec]) => [field, metricOf(spec, registry)]),
  );
  const made = { registry, ...metrics } as unknown as Metrics;
  made.clockSeconds.read(() => Date.now() / 1_000);
  made.memoryLimitBytes.read(memoryLimitBytes);
  return made;
}

function metricOf(spec: Spec<'counter' | 'gauge' | 'histogram', string>, registry: Registry): unknown {
  const { kind, name, help } = spec;
  const shape = { name, help, labelNames: Object.keys(spec.labels), registers: [registry] };
  if (kind === 'gauge') return readGauge(name, help, registry);
  if (kind === 'histogram') {
    const histogram = new Histogram({ ...shape, buckets: [...spec.buckets] });
    for (const labels of knownLabels(spec)) histogram.zero(labels);
    return histogram;
  }
  const counter = new Counter(shape);
  for (const labels of knownLabels(spec)) counter.inc(labels, 0);
  return counter;
}

/** Metrics have one label at most. */
function knownLabels({ labels }: Spec<'counter' | 'gauge' | 'histogram', string>): Record<string, string>[] {
  return Object.entries(labels).flatMap(([label, values]) => (values ?? []).map((value) => ({ [label]: value })));
}

const readGauge = (name: string, help: string, registry: Registry): ReadGauge => ({
  read(value) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  },
});

/** A container without a limit of its own may have what the machine has. */
function memoryLimitBytes(): number {
  const constrained = process.constrainedMemory() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
