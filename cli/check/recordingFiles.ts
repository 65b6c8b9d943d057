/** Which recordings are meant: files, folders with all below them, and globs, since not every shell unfolds them. */
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';

/** Sorted, each once. */
export async function recordingFiles(named: readonly string[], cwd = process.cwd()): Promise<string[]> {
  const problems: string[] = [];
  const found = new Set<string>();
  for (const name of named) {
    const files = await filesOf(name);
    if (files.length === 0)
      problems.push(`${name} (${GLOB.test(name) ? 'matches no file' : 'no file, or no .wav in it'})`);
    for (const file of files) found.add(relative(cwd, file).split(sep).join('/'));
  }
  if (problems.length > 0) {
    throw new InvalidInput('file_invalid', { expected: 'recordings', got: problems.join('; ') });
  }
  return [...found].sort();
}

const GLOB = /[*?[\]{}]/;

async function filesOf(name: string): Promise<string[]> {
  const found = await stat(name).catch(() => null);
  if (found?.isFile() === true) return [name];
  if (found?.isDirectory() === true) return (await below(name)).filter((path) => /\.wav$/i.test(path));
  if (!GLOB.test(name)) return [];
  const parts = name.split('/');
  const fixed = parts.slice(
    0,
    parts.findIndex((part) => GLOB.test(part)),
  );
  const folder = fixed.length === 0 ? '.' : fixed.join('/') || '/';
  const pattern = globPattern(parts.slice(fixed.length).join('/'));
  return (await below(folder)).filter((path) => pattern.test(relative(folder, path).split(sep).join('/')));
}

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** `*` and `?` within a name, `**` over folders, `{a,b}` one of several. */
export function globPattern(glob: string): RegExp {
  let depth = 0;
  const source = glob.replaceAll(/\*\*\/|\*+|[?{},]|[^*?{},]+/g, (token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token.startsWith('*')) return token.length > 1 ? '.*' : '[^/]*';
    if (token === '?') return '[^/]';
    if (token === '{') {
      depth += 1;
      return '(?:';
    }
    if (token === '}' && depth > 0) {
      depth -= 1;
      return ')';
    }
    if (token === ',' && depth > 0) return '|';
    return token.replaceAll(/[.+^$()|[\]{}\\]/g, '\\$&');
  });
  return new RegExp(`^${source}${')'.repeat(depth)}$`);
}
