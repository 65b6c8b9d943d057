/** YAML as a tree that knows its lines: maps, lists and scalars, nothing else. Mistakes are collected, not thrown. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node as YamlNode } from 'yaml';
import { describe } from '../../core/units/describe.ts';

export interface Problem {
  readonly line: number;
  /** Where in the file, as in `in_call[2].where.outcome`. Empty: the file as a whole. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

export type Scalar = string | number | boolean | null;

export type Tree =
  | { readonly type: 'scalar'; readonly line: number; readonly value: Scalar }
  | { readonly type: 'list'; readonly line: number; readonly items: readonly Tree[] }
  | { readonly type: 'map'; readonly line: number; readonly entries: ReadonlyMap<string, Tree> };

/** Far more than anybody writes by hand. */
const CHARACTERS_MAX = 1_000_000;
const DEPTH_MAX = 20;

export function readYaml(text: string, problems: Problem[]): Tree | null {
  if (text.length > CHARACTERS_MAX) {
    problems.push({ line: 1, path: '', expected: `at most ${CHARACTERS_MAX} characters`, got: `${text.length}` });
    return null;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', prettyErrors: false });
  for (const { message, pos } of [...document.errors, ...document.warnings]) {
    problems.push({ line: lines.linePos(pos[0]).line, path: '', expected: 'YAML 1.2', got: message });
  }
  if (problems.length > 0) return null;
  const lineOf = (node: YamlNode | null): number => lines.linePos(node?.range?.[0] ?? 0).line;

  const treeOf = (node: YamlNode | null, path: string, depth: number): Tree => {
    const line = lineOf(node);
    const nothing = { type: 'scalar', line, value: null } as const;
    if (node === null) return nothing;
    const refuse = (expected: string, got: string): Tree => {
      problems.push({ line, path, expected, got });
      return nothing;
    };
    if (depth > DEPTH_MAX) return refuse(`at most ${DEPTH_MAX} levels`, 'more');
    if (isAlias(node)) return refuse('the value itself', 'an alias of an anchor');
    if (isSeq<YamlNode>(node)) {
      return { type: 'list', line, items: node.items.map((item, i) => treeOf(item, `${path}[${i}]`, depth + 1)) };
    }
    if (isMap<YamlNode, YamlNode | null>(node)) {
      const entries = new Map<string, Tree>();
      for (const { key, value } of node.items) {
        if (!isScalar(key)) {
          problems.push({ line: lineOf(key), path, expected: 'a name as the key', got: 'a list or a map' });
          continue;
        }
        const name = String(key.value);
        entries.set(
          name,
          value === null ? { ...nothing, line: lineOf(key) } : treeOf(value, below(path, name), depth + 1),
        );
      }
      return { type: 'map', line, entries };
    }
    const { value } = node as { value?: unknown };
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
      return { type: 'scalar', line, value: value as Scalar };
    }
    return refuse('a text, a number, a list or a map', describe(value));
  };
  return treeOf(document.contents, '', 0);
}

export const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** What came instead, for people. */
export function described(tree: Tree): string {
  if (tree.type === 'list') return `a list of ${tree.items.length}`;
  if (tree.type === 'map') return describe(Object.fromEntries(tree.entries));
  return describe(tree.value);
}
