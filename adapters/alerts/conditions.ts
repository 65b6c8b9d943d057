/** Conditions and thresholds out of a rule file: names of fields, values they can take, comparisons. */
import { COMPARISONS, type Condition, type FieldCondition, type Threshold } from '../../core/alerts/condition.ts';
import { fieldOf, FIELDS, type AlertKind, type NumberField, type TextField } from '../../core/alerts/fields.ts';
import { durationMs } from './duration.ts';
import { readMap, textOf, type MapReader } from './mapReader.ts';
import { oneOfNames } from './oneOfNames.ts';
import { below, described, type Problem, type Tree } from './yamlTree.ts';

export function conditionAt(rule: MapReader, name: string, kind: AlertKind, problems: Problem[]): Condition {
  const tree = rule.tree(name);
  if (tree === null) return [];
  if (tree.type !== 'map') {
    rule.problem(name, 'a map from fields to values or comparisons');
    return [];
  }
  return [...tree.entries].flatMap(([fieldName, value]) => {
    const at = { path: below(below(rule.path, name), fieldName), problems };
    const field = fieldOf(kind, fieldName);
    if (field === null) {
      const expected = `a field of ${kind}: ${oneOfNames(fieldName, Object.keys(FIELDS[kind]))}`;
      problems.push({ line: value.line, path: at.path, expected, got: fieldName });
      return [];
    }
    return field.type === 'text'
      ? textCondition(fieldName, field, value, at)
      : numberCondition(fieldName, field, value, at);
  });
}

interface At {
  readonly path: string;
  readonly problems: Problem[];
}

/** `outcome: yielded`, `outcome: [yielded, continued]`, `outcome: { ne: noise }`. */
function textCondition(field: string, { values }: TextField, tree: Tree, { path, problems }: At): FieldCondition[] {
  const negated = tree.type === 'map' && tree.entries.size === 1 ? tree.entries.get('ne') : undefined;
  const told = negated ?? tree;
  const items = told.type === 'list' ? told.items : [told];
  const texts = items.map(textOf);
  const wrong = items.filter((_, i) => texts[i] === null || (values !== null && !values.includes(texts[i])));
  for (const item of wrong) {
    const expected =
      values === null ? 'a text, a list of texts, or { ne: ... }' : oneOfNames(textOf(item) ?? '', values);
    problems.push({ line: item.line, path, expected, got: described(item) });
  }
  if (items.length === 0) problems.push({ line: told.line, path, expected: 'at least one text', got: 'an empty list' });
  if (wrong.length > 0 || items.length === 0) return [];
  return [{ field, type: 'text', in: texts as string[], isNegated: negated !== undefined }];
}

/** `revision: 2`, `duration_ms: { gte: 10s }`. */
function numberCondition(field: string, { unit }: NumberField, tree: Tree, at: At): FieldCondition[] {
  const threshold = thresholdOf(tree, unit, at);
  return threshold === null ? [] : [{ field, type: 'number', threshold }];
}

/** A number alone means equality. Null: it could not be read, and the problem is told. */
export function thresholdOf(tree: Tree, unit: NumberField['unit'], { path, problems }: At): Threshold | null {
  const expected = unit === 'ms' ? 'a number of milliseconds or a duration such as 10s' : 'a number';
  if (tree.type !== 'map') {
    const value = numberIn(tree, unit);
    if (value !== null) return { eq: value };
    problems.push({
      line: tree.line,
      path,
      expected: `${expected}, or comparisons such as { gte: 2 }`,
      got: described(tree),
    });
    return null;
  }
  const before = problems.length;
  const reader = readMap(tree, path, problems);
  const pairs = COMPARISONS.flatMap((name) => {
    const told = reader.tree(name);
    if (told === null) return [];
    const value = numberIn(told, unit);
    if (value === null) reader.problem(name, expected);
    return [[name, value] as const];
  });
  reader.done();
  if (pairs.length === 0 && problems.length === before) {
    problems.push({ line: tree.line, path, expected: `comparisons: ${COMPARISONS.join(', ')}`, got: 'none' });
  }
  const threshold = Object.fromEntries(pairs) as Threshold;
  const { gt, gte, lt, lte } = threshold;
  const [low, high] = [Math.max(gt ?? -Infinity, gte ?? -Infinity), Math.min(lt ?? Infinity, lte ?? Infinity)];
  if (problems.length === before && low > high) {
    problems.push({
      line: tree.line,
      path,
      expected: 'a range that something can lie in',
      got: `above ${low} and under ${high}`,
    });
  }
  return problems.length === before ? threshold : null;
}

function numberIn(tree: Tree, unit: NumberField['unit']): number | null {
  if (tree.type !== 'scalar') return null;
  if (typeof tree.value === 'number') return Number.isFinite(tree.value) ? tree.value : null;
  return unit === 'ms' && typeof tree.value === 'string' ? durationMs(tree.value) : null;
}
