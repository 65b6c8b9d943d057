/** Reads a thresholds file: YAML, with each mistake at its line. */
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { parseThresholds, type Thresholds } from '../../core/checks/thresholds.ts';
import type { Path, Problem } from '../../core/checks/fields.ts';
import { InvalidInput } from '../../core/units/errors.ts';

const BYTES_MAX = 1_000_000;

export async function readThresholds(path: string): Promise<Thresholds> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new InvalidInput('thresholds_invalid', { expected: `a thresholds file ${path}`, got: error.message });
  });
  return thresholdsOf(text, path);
}

/** `source`: how the file is called in errors. */
export function thresholdsOf(text: string, source: string): Thresholds {
  const { thresholds, problems } = text.length > BYTES_MAX ? TOO_LONG : parsed(text);
  if (thresholds !== null) return thresholds;
  throw new InvalidInput('thresholds_invalid', {
    expected: `checks as docs/check.md describes them in ${source}`,
    got: problems.map(({ line, text: what }) => `\n  ${source}:${line}: ${what}`).join(''),
  });
}

type Parsed = ReturnType<typeof parseThresholds>;

const TOO_LONG: Parsed = { thresholds: null, problems: [{ line: 1, text: `more than ${BYTES_MAX} characters` }] };

function parsed(text: string): Parsed {
  const lines = new LineCounter();
  // A key that stands twice, several documents and unknown tags are errors or warnings, and none of them was meant.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error', merge: false });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }): Problem => ({
    line: lineAt(pos[0]),
    text: message,
  }));
  if (faults.length > 0) return { thresholds: null, problems: faults };
  try {
    return parseThresholds(document.toJS(), (path) => lineAt(offsetOf(document, path)));
  } catch (error) {
    // An alias that names nothing, or so many that they would fill the memory.
    if (error instanceof ReferenceError) return { thresholds: null, problems: [{ line: 1, text: error.message }] };
    throw error;
  }
}

/** Where the path's key stands, or its item; of what is not there, the place of what should hold it. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const key = isMap(parent)
      ? parent.items.find(({ key: name }) => isScalar(name) && String(name.value) === last)?.key
      : undefined;
    const offset = startOf(key) ?? startOf(document.getIn(path.slice(0, length), true));
    if (offset !== null) return offset;
  }
  return startOf(document.contents) ?? 0;
}

const startOf = (node: unknown): number | null => (node as Node | null | undefined)?.range?.[0] ?? null;
