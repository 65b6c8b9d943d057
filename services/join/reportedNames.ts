/**
 * Names of calls, and traces, that something was reported of: whose call that is has to be asked of the store. Handed out in
 * lists of a bounded length, the first that came first; what could not be asked for is put back, behind the others.
 */
export interface NamesOfTenant {
  readonly tenant: string;
  readonly keys: readonly string[];
  readonly traceIds: readonly string[];
}

type Kind = 'key' | 'trace';

export class ReportedNames {
  /** By tenant: each name, and what it names. */
  readonly #names = new Map<string, Map<string, Kind>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(tenant: string, keys: Iterable<string>, traceIds: Iterable<string>): void {
    for (const key of keys) this.#add(tenant, key, 'key');
    for (const traceId of traceIds) this.#add(tenant, traceId, 'trace');
  }

  /** At most `max`, of one tenant; null when there are none. */
  take(max: number): NamesOfTenant | null {
    for (const [tenant, names] of this.#names) {
      const taken = [...names].slice(0, max);
      for (const [name] of taken) names.delete(name);
      this.#size -= taken.length;
      // Moved behind the other tenants, so that one with many names keeps nobody waiting.
      this.#names.delete(tenant);
      if (names.size > 0) this.#names.set(tenant, names);
      const those = (wanted: Kind): string[] =>
        taken.flatMap(([name, kind]) => (kind === wanted ? [name.slice(1)] : []));
      return { tenant, keys: those('key'), traceIds: those('trace') };
    }
    return null;
  }

  #add(tenant: string, name: string, kind: Kind): void {
    const names = this.#names.get(tenant) ?? new Map<string, Kind>();
    this.#names.set(tenant, names);
    const known = names.size;
    // A call may be named as a trace is.
    names.set(`${kind.charAt(0)}${name}`, kind);
    this.#size += names.size - known;
  }
}
