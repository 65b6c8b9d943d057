/** Fields of a parsed file read one by one: every mistake is kept with its line, and reading goes on. */
import { describe } from '../units/describe.ts';
import { nearestOf } from '../units/nearest.ts';

export type Path = readonly (string | number)[];

export interface Problem {
  readonly line: number;
  readonly text: string;
}

/** One mapping of the file. */
export interface Fields {
  readonly path: Path;
  has(name: string): boolean;
  /** Null where it is absent; or not a number, which is a problem then. */
  number(name: string, range?: NumberRange): number | null;
  text(name: string): string | null;
  word<Word extends string>(name: string, words: readonly Word[]): Word | null;
  problem(text: string, name?: string): void;
}

interface NumberRange {
  readonly from?: number;
  readonly to?: number;
  readonly whole?: 'whole';
}

export interface FieldsContext {
  readonly problems: Problem[];
  readonly lineOf: (path: Path) => number;
}

/** Null when it is no mapping at all. Names that are not in `known` are problems. */
export function fieldsOf(
  value: unknown,
  path: Path,
  known: readonly string[],
  { problems, lineOf }: FieldsContext,
): Fields | null {
  const problemAt = (at: Path, text: string): void => {
    problems.push({ line: lineOf(at), text });
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problemAt(path, `expected a mapping with ${known.join(', ')}; got ${describe(value)}`);
    return null;
  }
  const mapping = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(mapping)) {
    if (known.includes(name)) continue;
    problemAt([...path, name], `${describe(name)} is no field here; the nearest is ${nearestOf(name, known)}`);
  }
  const given = (name: string): unknown => (Object.hasOwn(mapping, name) ? mapping[name] : undefined);
  const wrong = (name: string, expected: string): null => {
    problemAt([...path, name], `${name} has to be ${expected}, not ${describe(given(name))}`);
    return null;
  };
  return {
    path,
    has: (name) => given(name) !== undefined,
    number(name, range = {}) {
      const got = given(name);
      if (got === undefined) return null;
      const fits = typeof got === 'number' && Number.isFinite(got) && isIn(got, range);
      return fits ? got : wrong(name, numberText(range));
    },
    text(name) {
      const got = given(name);
      if (got === undefined) return null;
      return typeof got === 'string' && /\S/.test(got) && got.length <= TEXT_LENGTH_MAX
        ? got
        : wrong(name, `a text of at most ${TEXT_LENGTH_MAX} characters`);
    },
    word<Word extends string>(name: string, words: readonly Word[]) {
      const got = given(name);
      if (got === undefined) return null;
      const found = words.find((word) => word === got);
      if (found !== undefined) return found;
      if (typeof got !== 'string') return wrong(name, `one of ${words.slice(0, 12).join(', ')}`);
      problemAt([...path, name], `${name} ${describe(got)} is not known; the nearest is ${nearestOf(got, words)}`);
      return null;
    },
    problem: (text, name) => problemAt(name === undefined ? path : [...path, name], text),
  };
}

const TEXT_LENGTH_MAX = 200;

const isIn = (value: number, { from = -Infinity, to = Infinity, whole }: NumberRange): boolean =>
  value >= from && value <= to && (whole === undefined || Number.isSafeInteger(value));

function numberText({ from, to, whole }: NumberRange): string {
  const what = whole === undefined ? 'a number' : 'a whole number';
  if (from === undefined) return what;
  return to === undefined ? `${what} from ${from}` : `${what} from ${from} to ${to}`;
}
