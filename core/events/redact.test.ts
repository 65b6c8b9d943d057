/** Redaction: what it finds and what it leaves in labelled sentences, and that no text makes it slow, long or unsteady. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MADE_WITH, MEASURED_WITH } from '../../test/support/personalSentences.ts';
import { redactAll, redactPersonal } from './redact.ts';

interface Figures {
  /** Marked stretches of which no word is left, of all. */
  found: number;
  marked: number;
  /** Words hidden that were marked, of all hidden. */
  rightly: number;
  hidden: number;
}

interface Marked {
  readonly start: number;
  readonly end: number;
  /** The marked stretch that the word belongs to, by number. */
  readonly stretch: number | null;
}

function readMarks(sentence: string): { plain: string; words: Marked[] } {
  let plain = '';
  const words = sentence.split(/(\{\w+:[^}]*\})/).flatMap((part, index) => {
    const marked = /^\{\w+:([^}]*)\}$/.exec(part);
    const text = marked?.[1] ?? part;
    const from = plain.length;
    plain += text;
    return [...text.matchAll(/[\p{L}\p{N}]+/gu)].map((word) => ({
      start: from + word.index,
      end: from + word.index + word[0].length,
      stretch: marked === null ? null : index,
    }));
  });
  return { plain, words };
}

function measure(sentences: readonly string[], say: (line: string) => void): Figures {
  const figures: Figures = { found: 0, marked: 0, rightly: 0, hidden: 0 };
  for (const sentence of sentences) {
    const { plain, words } = readMarks(sentence);
    const left = redactPersonal(plain);
    const isHidden = hiddenIn(plain, left, words);
    const stretches = new Set(words.flatMap(({ stretch }) => stretch ?? []));
    const whole = [...stretches].filter((each) => words.every(({ stretch }, at) => stretch !== each || isHidden[at]));
    const hidden = isHidden.filter(Boolean).length;
    const rightly = words.filter(({ stretch }, at) => stretch !== null && isHidden[at]).length;
    figures.found += whole.length;
    figures.marked += stretches.size;
    figures.rightly += rightly;
    figures.hidden += hidden;
    if (whole.length < stretches.size || rightly < hidden) say(`${sentence}\n    ${left}`);
  }
  return figures;
}

/** What is left stands in the plain text in its order; what is not found between is hidden. */
function hiddenIn(plain: string, left: string, words: readonly Marked[]): boolean[] {
  let from = 0;
  const shown = left.split(/\[(?:email|address|number|name)\]/).map((piece, index, pieces) => {
    const isLast = index === pieces.length - 1;
    const start = isLast ? plain.length - piece.length : plain.indexOf(piece, from);
    assert.ok(start >= from, `${left} is not made of ${plain}`);
    from = start + piece.length;
    return { start, end: from };
  });
  return words.map((word) => !shown.some(({ start, end }) => word.start >= start && word.end <= end));
}

test('what it finds and what it hides in vain', (context) => {
  const say = (line: string): void => context.diagnostic(line);
  const sets = { made: measure(MADE_WITH, say), measured: measure(MEASURED_WITH, say) };
  for (const [name, { found, marked, rightly, hidden }] of Object.entries(sets))
    say(`${name}: ${found} of ${marked} stretches found whole, ${rightly} of ${hidden} hidden words rightly`);
  const { made, measured } = sets;
  assert.ok(made.found / made.marked >= 0.97 && made.rightly / made.hidden >= 0.97);
  assert.ok(measured.found / measured.marked >= 0.9 && measured.rightly / measured.hidden >= 0.95);
});

test('what is personal gives way to what it is', () => {
  const redacted = [
    ['My name is Ada Byron, call 415-555-0132.', 'My name is [name], call [number].'],
    ['john at example dot com', '[email]'],
    ['card 4111 1111 1111 1111 for $4,111,111,111,111,111', 'card [number] for $[number]'],
    ['the code is four two seven', 'the code is [number]'],
    ['12 Maple Street, SW1A 1AA', '[address], [address]'],
    ['$1,250.00 at 10:30 in 2019, 25 minutes', '$1,250.00 at 10:30 in 2019, 25 minutes'],
    ['', ''],
  ];
  for (const [text, expected] of redacted) assert.equal(redactPersonal(text), expected);
});

test('redactors are put together, and a user may bring one', () => {
  const redact = redactAll([redactPersonal, (text) => text.replaceAll('Earshot', '[product]')]);
  assert.equal(redact('Earshot, this is Tom speaking'), '[product], this is [name] speaking');
});

const PIECES = [
  'my name is',
  'John',
  'smith',
  'Mr',
  'van',
  'at',
  'dot',
  'com',
  '@',
  'example.com',
  'a.b@c.de',
  'four',
  'oh',
  'double',
  'twenty',
  '42',
  '4111',
  '10:30',
  '$',
  ',',
  '.',
  '-',
  ' ',
  'code',
  'street',
  'SW1A',
  '1AA',
  'S',
  'M',
  'I',
  'this is',
  'speaking',
  '[name]',
  '[number]',
  '[email]',
  'the',
  'dash',
  'hundred',
  'dollars',
  '"',
  '{',
  '\n',
  'é',
  '名前',
];
const speechLike = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })), { maxLength: 40 });
const hostile = fc.tuple(speechLike, fc.constantFrom(' ', '', '  ')).map(([pieces, gap]) => pieces.join(gap));

test('redacting twice is redacting once', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const once = redactPersonal(text);
      assert.equal(redactPersonal(once), once);
    }),
    { numRuns: 2_000 },
  );
});

/** A placeholder has at most nine characters and stands for at least one. */
test('what is left is bounded', () => {
  fc.assert(fc.property(hostile, (text) => redactPersonal(text).length <= 9 * text.length));
});

/** Linear takes some 200 ms for each; with every pair of characters looked at, it would be minutes. CPU time: others may be busy. */
test('no text makes it slow', () => {
  const pieces = [
    'a',
    '1',
    '@',
    'a@',
    'a.',
    '.',
    '- ',
    'at ',
    'a at b dot ',
    'my name is ',
    'four ',
    '1 ',
    'S ',
    'A1',
    "a'",
    ' ',
    'Mr A',
    '1:',
    'é',
    '[name',
  ];
  for (const piece of [...pieces, 'oh ', '12 a b ', 'A1-']) {
    const text = piece.repeat(Math.ceil(200_000 / piece.length));
    const before = process.cpuUsage();
    redactPersonal(text);
    const spentMs = process.cpuUsage(before).user / 1_000;
    assert.ok(spentMs < 3_000, `${JSON.stringify(piece)}: ${spentMs} ms`);
  }
});
