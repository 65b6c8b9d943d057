/** Reads the entries of one map by name, each as what it has to be. What is wrong is reported, and the default goes on. */
import { DURATION_EXPECTED, durationMs } from './duration.ts';
import { oneOfNames } from './oneOfNames.ts';
import { below, described, type Problem, type Tree } from './yamlTree.ts';

export interface MapReader {
  readonly line: number;
  readonly path: string;
  /** The names that were asked for. */
  readonly known: ReadonlySet<string>;
  has(name: string): boolean;
  tree(name: string): Tree | null;
  problem(name: string, expected: string, got?: string): void;
  text(name: string, ifAbsent: string | null): string;
  oneOf<Name extends string>(name: string, names: readonly Name[], ifAbsent: Name | null): Name;
  integer(name: string, min: number, max: number, ifAbsent: number): number;
  number(name: string, min: number, max: number, ifAbsent: number): number;
  /** Null in `ifAbsent` makes it required. */
  duration(name: string, minMs: number, ifAbsentMs: number | null): number;
  texts(name: string): readonly string[];
  textMap(name: string): Readonly<Record<string, string>>;
  maps(name: string): readonly MapReader[];
  map(name: string): MapReader | null;
  /** Reports the entries that nobody asked for. */
  done(): void;
}

export function readMap(tree: Tree, path: string, problems: Problem[]): MapReader {
  const { line } = tree;
  const entries: ReadonlyMap<string, Tree> = tree.type === 'map' ? tree.entries : new Map();
  const known = new Set<string>();
  if (tree.type !== 'map') problems.push({ line, path, expected: 'a map', got: described(tree) });

  const take = (name: string): Tree | null => {
    known.add(name);
    return entries.get(name) ?? null;
  };
  const problem = (name: string, expected: string, got?: string): void => {
    const at = entries.get(name);
    const instead = got ?? (at === undefined ? 'nothing' : described(at));
    problems.push({ line: at?.line ?? line, path: below(path, name), expected, got: instead });
  };
  const numberOf = (name: string, expected: string, isFit: (value: number) => boolean, ifAbsent: number): number => {
    const at = take(name);
    if (at === null) return ifAbsent;
    if (at.type === 'scalar' && typeof at.value === 'number' && isFit(at.value)) return at.value;
    problem(name, expected);
    return ifAbsent;
  };
  const textsOf = (name: string): readonly string[] => {
    const at = take(name);
    if (at === null) return [];
    const items = at.type === 'list' ? at.items : [at];
    const texts = items.map(textOf);
    if (at.type !== 'map' && texts.every((one) => one !== null)) return texts;
    problem(name, 'a text or a list of texts');
    return [];
  };

  return {
    line,
    path,
    known,
    problem,
    has: (name) => entries.has(name),
    tree: take,
    text(name, ifAbsent) {
      const at = take(name);
      const text = at === null ? ifAbsent : textOf(at);
      if (text === null) problem(name, 'a text');
      return text ?? '';
    },
    oneOf(name, names, ifAbsent) {
      const at = take(name);
      if (at === null && ifAbsent !== null) return ifAbsent;
      const text = at === null ? null : textOf(at);
      const found = names.find((one) => one === text);
      if (found === undefined) problem(name, oneOfNames(text ?? '', names));
      return found ?? ifAbsent ?? names[0];
    },
    integer: (name, min, max, ifAbsent) =>
      numberOf(
        name,
        `a whole number from ${min} to ${max}`,
        (value) => Number.isInteger(value) && value >= min && value <= max,
        ifAbsent,
      ),
    number: (name, min, max, ifAbsent) =>
      numberOf(name, `a number from ${min} to ${max}`, (value) => value >= min && value <= max, ifAbsent),
    duration(name, minMs, ifAbsentMs) {
      const at = take(name);
      if (at === null && ifAbsentMs !== null) return ifAbsentMs;
      const text = at === null ? null : textOf(at);
      const ms = text === null ? null : durationMs(text);
      if (ms === null) problem(name, DURATION_EXPECTED);
      else if (ms < minMs) problem(name, `a duration of ${minMs / 1_000} s or more`);
      return ms ?? ifAbsentMs ?? minMs;
    },
    texts: textsOf,
    textMap(name) {
      const at = take(name);
      if (at === null) return {};
      const pairs = at.type === 'map' ? [...at.entries].map(([key, value]) => [key, textOf(value)] as const) : null;
      if (pairs !== null && pairs.every(([, value]) => value !== null))
        return Object.fromEntries(pairs) as Record<string, string>;
      problem(name, 'a map of texts');
      return {};
    },
    maps(name) {
      const at = take(name);
      if (at === null || (at.type === 'scalar' && at.value === null)) return [];
      if (at.type === 'list') return at.items.map((item, i) => readMap(item, `${below(path, name)}[${i}]`, problems));
      problem(name, 'a list');
      return [];
    },
    map(name) {
      const at = take(name);
      return at === null ? null : readMap(at, below(path, name), problems);
    },
    done() {
      for (const [name, at] of entries) {
        if (known.has(name)) continue;
        problems.push({ line: at.line, path: below(path, name), expected: oneOfNames(name, [...known]), got: name });
      }
    },
  };
}

/** Numbers and booleans are written as texts often enough: a version 1.10 has to be in quotes, and is told so by nobody. */
export const textOf = (tree: Tree): string | null =>
  tree.type === 'scalar' && tree.value !== null ? String(tree.value) : null;
