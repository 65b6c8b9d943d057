/** Tidiness as a test: who may import whom, sizes, names, opening comments; and that the checks themselves bite. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../adapters/packageRoot.ts';

interface Source {
  readonly path: string;
  readonly text: string;
}

/** Rooms of core, each importing only itself and those before it. */
const ROOMS = [
  'units',
  'facts',
  'events',
  'spans',
  'stage',
  'audio',
  'features',
  'inference',
  'conversation',
  'voice',
  'join',
  'rows',
  'checks',
  'alerts',
  'call',
];
/** Tools for tests; their tests' own helpers may be imported by tests anywhere. */
const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.startsWith('test/');

const LINES_MAX = 300;
const BANNED_NAMES = /(^|\/)(utils?|helpers?|common|managers?|misc)(\.ts$|\/)/i;

function importsOf({ path, text }: Source): string[] {
  const specifiers = [...text.matchAll(/(?:^|\n)\s*(?:import|export)[^;'"]*?from\s+'([^']+)'/g)].map(
    ([, name]) => name,
  );
  return specifiers.map((name) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name));
}

function roomRule(from: string, to: string): string | null {
  const [, fromRoom] = from.split('/');
  const [top, toRoom] = to.split('/');
  if (top === 'core')
    return ROOMS.indexOf(toRoom) <= ROOMS.indexOf(fromRoom) ? null : `core/${fromRoom} may not import core/${toRoom}`;
  return to === 'node:crypto' ? null : `core is pure and may not import ${to}`;
}

function adapterRule(from: string, to: string): string | null {
  const [, fromRoom] = from.split('/');
  const [top, toRoom] = to.split('/');
  if (top === 'adapters') {
    const isShared = toRoom === 'packageRoot.ts' || toRoom === 'wire' || fromRoom === 'wire';
    return isShared || toRoom === fromRoom ? null : `adapters/${fromRoom} may not import adapters/${toRoom}`;
  }
  return ['services', 'cli', 'test', 'examples'].includes(top) ? `adapters may not import ${top}` : null;
}

function serviceRule(from: string, to: string): string | null {
  const [, fromRoom] = from.split('/');
  const [top, toRoom] = to.split('/');
  if (['cli', 'test', 'examples'].includes(top)) return `services may not import ${top}`;
  if (top !== 'services' || fromRoom === 'main.ts' || fromRoom === 'roles') return null;
  const isShared = ['config.ts', 'every.ts', 'kafkaConfig.ts', 'settings.ts', 'telemetry'].includes(toRoom);
  return toRoom === fromRoom || isShared ? null : `services/${fromRoom} may not import services/${toRoom}`;
}

function importProblem(from: string, to: string): string | null {
  if (isTest(from)) return null;
  const [top] = from.split('/');
  if (top === 'core') return roomRule(from, to);
  if (top === 'adapters') return adapterRule(from, to);
  return top === 'services' ? serviceRule(from, to) : null;
}

const codeOf = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

function problemsOf(source: Source): string[] {
  const { path, text } = source;
  const problems = importsOf(source).flatMap((to) => importProblem(path, to) ?? []);
  const lines = text.split('\n').length - 1;
  if (lines > LINES_MAX && !isTest(path)) problems.push(`${lines} lines, more than ${LINES_MAX}`);
  if (BANNED_NAMES.test(path)) problems.push('a name that says nothing');
  if (!/^(#!.*\n)?\/(\*\*|\/)/.test(text)) problems.push('no opening comment');
  const code = codeOf(text);
  const readsEnvironment = /\bprocess\.env\b/.test(code) && !isTest(path);
  if (
    readsEnvironment &&
    path !== 'services/config.ts' &&
    path !== 'cli/terminal/style.ts' &&
    // It only sets one, for a library that has no other way.
    path !== 'adapters/onnx/quietRuntime.ts' &&
    !path.startsWith('benchmarks/')
  )
    problems.push('reads process.env');
  if (/\b(test|describe|it)\.only\(/.test(code)) problems.push('a test with .only');
  if (/^\s*\/\/\s*(const|let|if|for|return|import|await)\b.*[;{]\s*$/m.test(text)) problems.push('commented-out code');
  if (/\b(TODO|FIXME|XXX)\b/.test(text) && path !== 'test/tidy.test.ts') problems.push('a note to self');
  return problems;
}

function cyclesOf(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.path, importsOf(source)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path) || trail.includes(path)) return;
    for (const next of graph.get(path) ?? []) if (graph.has(next)) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return cycles;
}

function sourcesOfProject(): Source[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
    cwd: packageRoot,
  });
  return listed
    .toString()
    .split('\n')
    .filter((path) => path !== '' && !path.startsWith('protos/gen/'))
    .map((path) => ({ path, text: readFileSync(join(packageRoot, path), 'utf8') }));
}

test('the tree is tidy', () => {
  const sources = sourcesOfProject();
  assert.ok(sources.length > 50);
  assert.deepEqual(
    sources.flatMap((source) => problemsOf(source).map((problem) => `${source.path}: ${problem}`)),
    [],
  );
});

test('no file imports itself by a detour, types aside', () => {
  const values = sourcesOfProject().map(({ path, text }) => ({ path, text: text.replace(/import type[^;]*;/g, '') }));
  assert.deepEqual(cyclesOf(values), []);
});

test('the checks bite', () => {
  const file = (path: string, body: string): string[] => problemsOf({ path, text: `/** A file. */\n${body}` });
  assert.match(
    file('core/audio/a.ts', "import { b } from '../call/call.ts';")[0],
    /core\/audio may not import core\/call/,
  );
  assert.match(file('core/audio/a.ts', "import { b } from 'node:fs';")[0], /core is pure/);
  assert.match(
    file('adapters/bus/a.ts', "import { b } from '../onnx/c.ts';")[0],
    /adapters\/bus may not import adapters\/onnx/,
  );
  assert.match(
    file('adapters/bus/a.ts', "import type { B } from '../../services/main.ts';")[0],
    /may not import services/,
  );
  assert.match(
    file('services/api/a.ts', "import { b } from '../ingest/c.ts';")[0],
    /services\/api may not import services\/ingest/,
  );
  assert.deepEqual(file('services/api/a.ts', "import { b } from '../config.ts';"), []);
  assert.match(file('cli/a.ts', 'const a = process.env.HOME;')[0], /process\.env/);
  assert.match(file('core/units/utils.ts', '')[0], /says nothing/);
  assert.match(file('cli/a.ts', '\n'.repeat(400))[0], /more than 300/);
  assert.match(file('cli/a.ts', '// const old = 1;')[0], /commented-out/);
  assert.match(problemsOf({ path: 'cli/a.ts', text: 'const a = 1;' })[0], /opening comment/);
  assert.deepEqual(
    cyclesOf([
      { path: 'a.ts', text: "import { b } from './b.ts';" },
      { path: 'b.ts', text: "import { a } from './a.ts';" },
    ]),
    ['a.ts -> b.ts -> a.ts'],
  );
});
