/**
 * Reads XML strictly, and holds it to the shape of JUnit reports as the schema of Jenkins' xUnit plugin has it: which element
 * may stand in which, which attributes each may and must have, of what type.
 */
import assert from 'node:assert/strict';

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

interface Building {
  name: string;
  attributes: Record<string, string>;
  children: Building[];
  text: string;
}

const TOKEN = /<\?xml [^?]*\?>|<\/([\w.-]+)>|<([\w.-]+)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /\s+([\w.-]+)="([^"<]*)"/g;
// eslint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function readXml(text: string): XmlElement {
  assert.ok(!NOT_XML.test(text), 'a character that XML cannot hold');
  const root: Building = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text);
    assert.ok(token !== null, `not well formed: ${text.slice(at, at + 60)}`);
    const [, closed, opened, attributes, isEmpty, characters] = token;
    const top = open[open.length - 1];
    if (closed !== undefined) assert.equal(open.pop()?.name, closed);
    else if (opened !== undefined) {
      const element: Building = { name: opened, attributes: attributesOf(attributes), children: [], text: '' };
      top.children.push(element);
      if (isEmpty === '') open.push(element);
    } else if (characters !== undefined) top.text += unescaped(characters);
  }
  assert.equal(open.length, 1, 'an element that is not closed');
  assert.equal(root.children.length, 1, 'one element holds all');
  assert.equal(root.text.trim(), '');
  return root.children[0];
}

function attributesOf(source: string): Record<string, string> {
  const pairs = [...source.matchAll(ATTRIBUTE)].map(([, name, value]) => [name, unescaped(value)] as const);
  assert.equal(new Set(pairs.map(([name]) => name)).size, pairs.length, 'an attribute twice');
  return Object.fromEntries(pairs);
}

function unescaped(text: string): string {
  return text.replaceAll(/&([^;\s]*);?/g, (whole, name: string) => {
    const code = /^#(\d+)$/.exec(name)?.[1];
    const character = code === undefined ? NAMED[name] : String.fromCodePoint(Number(code));
    assert.ok(whole.endsWith(';') && character !== undefined, `an unknown entity ${whole}`);
    return character;
  });
}

type AttributeType = 'text' | 'count' | 'seconds';

interface Shape {
  readonly required: Readonly<Record<string, AttributeType>>;
  readonly optional: Readonly<Record<string, AttributeType>>;
  readonly children: readonly string[];
}

const COUNTS = { tests: 'count', failures: 'count' } as const;
const SHAPES: Readonly<Record<string, Shape>> = {
  testsuites: {
    required: {},
    optional: { ...COUNTS, name: 'text', time: 'seconds', errors: 'count', disabled: 'count' },
    children: ['testsuite'],
  },
  testsuite: {
    required: { ...COUNTS, name: 'text', errors: 'count' },
    optional: { time: 'seconds', skipped: 'count', timestamp: 'text', hostname: 'text', id: 'text', package: 'text' },
    children: ['properties', 'testcase', 'system-out', 'system-err'],
  },
  testcase: {
    required: { name: 'text', classname: 'text' },
    optional: { time: 'seconds', status: 'text', assertions: 'count' },
    children: ['skipped', 'failure', 'error', 'system-out', 'system-err'],
  },
  failure: { required: {}, optional: { message: 'text', type: 'text' }, children: [] },
  skipped: { required: {}, optional: { message: 'text', type: 'text' }, children: [] },
};

const TYPES: Readonly<Record<AttributeType, RegExp>> = { text: /\S/, count: /^\d+$/, seconds: /^\d+(\.\d+)?$/ };

/** Throws where the shape is broken, or the counts are not those of the cases. */
export function junitCounts(root: XmlElement): { tests: number; failures: number; skipped: number; errors: number } {
  assert.equal(root.name, 'testsuites');
  holdShape(root);
  const cases = root.children.flatMap(({ children }) => children).filter(({ name }) => name === 'testcase');
  const having = (name: string): number =>
    cases.filter(({ children }) => children.some((each) => each.name === name)).length;
  const counts = {
    tests: cases.length,
    failures: having('failure'),
    skipped: having('skipped'),
    errors: having('error'),
  };
  for (const [name, count] of Object.entries(counts)) {
    const said = root.children.reduce((sum, { attributes }) => sum + Number(attributes[name] ?? 0), 0);
    assert.equal(said, count, name);
    if (root.attributes[name] !== undefined) assert.equal(Number(root.attributes[name]), count, name);
  }
  return counts;
}

function holdShape(element: XmlElement): void {
  const shape = SHAPES[element.name];
  assert.ok(shape !== undefined, element.name);
  const types = { ...shape.required, ...shape.optional };
  for (const name of Object.keys(shape.required))
    assert.ok(name in element.attributes, `${element.name} without ${name}`);
  for (const [name, value] of Object.entries(element.attributes)) {
    assert.ok(Object.hasOwn(types, name), `${element.name} may not have ${name}`);
    assert.match(value, TYPES[types[name]], `${element.name} ${name}`);
  }
  for (const child of element.children) {
    assert.ok(shape.children.includes(child.name), `${child.name} in ${element.name}`);
    holdShape(child);
  }
}
