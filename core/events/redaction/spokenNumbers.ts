/** Number words as people dictate them, digit by digit or in pairs. */
import { isSpace, listed, type Token } from './tokens.ts';

const DIGITS = listed('zero nought one two three four five six seven eight nine');
/** Zero to who dictates, something else to everybody else: they count only beside a digit. */
const ZEROS = listed('oh o');
const TEENS = listed('ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen');
const TENS = listed('twenty thirty forty fourty fifty sixty seventy eighty ninety');
const REPEATS = listed('double triple');
/** They make a quantity of what they follow. */
export const SCALES = listed('hundred thousand million billion hundreds thousands millions');
/** Said between digits. */
const JOINERS = listed('dash hyphen uh um er');

export const isNumberWord = ({ lower }: Token): boolean =>
  DIGITS.has(lower) || TEENS.has(lower) || TENS.has(lower) || REPEATS.has(lower);

export interface Unit {
  /** One past its last token. */
  readonly next: number;
  /** Digits that it stands for when dictated. */
  readonly digits: number;
  readonly isSpoken: boolean;
}

/** The number that begins at a token: digits, a digit's name, `twenty five`, `double four`, `oh` before a digit. */
export function unitAt(tokens: readonly Token[], at: number): Unit | null {
  const token = tokens[at] as Token | undefined;
  if (token === undefined) return null;
  if (token.kind === 'digits') return { next: at + 1, digits: token.text.length, isSpoken: false };
  const next = tokens[at + 1] as Token | undefined;
  if (DIGITS.has(token.lower)) return { next: at + 1, digits: 1, isSpoken: true };
  if (TEENS.has(token.lower)) return { next: at + 1, digits: 2, isSpoken: true };
  if (TENS.has(token.lower)) {
    const isPair = next !== undefined && DIGITS.has(next.lower) && /^[\s-]?$/.test(next.gap);
    return { next: at + (isPair ? 2 : 1), digits: 2, isSpoken: true };
  }
  if (next === undefined || !isSpace(next.gap)) return null;
  const isDigit = DIGITS.has(next.lower) || next.kind === 'digits';
  if (REPEATS.has(token.lower) && (isDigit || ZEROS.has(next.lower)))
    return { next: at + 2, digits: token.lower === 'double' ? 2 : 3, isSpoken: true };
  return ZEROS.has(token.lower) && isDigit ? { next: at + 1, digits: 1, isSpoken: true } : null;
}

/** Within a run, `oh` is a zero also where it comes last. */
export const isZeroWithin = ({ lower }: Token): boolean => ZEROS.has(lower);
export const isJoiner = ({ lower }: Token): boolean => JOINERS.has(lower);
