/**
 * Numbers that identify: telephone, card and account numbers, dates of birth, codes, booking references, written or dictated.
 * Amounts, times, years and short numbers stay, for a text without them says nothing.
 */
import { isJoiner, isNumberWord, isZeroWithin, SCALES, unitAt } from './spokenNumbers.ts';
import { hide, isSpace, listed, tokensOf, type Hidden, type Token } from './tokens.ts';

/** Written digits, or numbers said one after another, from which they identify rather than count. */
const DIGITS_MIN = 4;
const SPOKEN_UNITS_MIN = 3;
/** Two pairs (nineteen eighty five) are a year, a price or a time. */
const SPOKEN_DIGITS_MIN = 5;
/** After words that announce one (a card's security code has three digits). */
const ANNOUNCED_DIGITS_MIN = 3;
const ANNOUNCED_WITHIN_TOKENS = 4;
/** References mix letters and digits: at least so long, with so many digits. */
const REFERENCE_LENGTH_MIN = 5;
const REFERENCE_DIGITS_MIN = 3;
/** Payment cards have 13 to 19 digits, the last a checksum (ISO/IEC 7812). */
const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

const ANNOUNCING = listed(
  `account card cvc cvv code digits ending ends extension id identification iban licence license member number order passcode
   password phone pin policy reference routing security social ssn ticket zip`,
);
const COUNTED = listed(
  `bucks cents dollars euros pounds percent degrees point points miles kilometers kilometres meters metres feet calories
   seconds minutes hours days weeks months years people times words pages items units megabytes gigabytes`,
);
/** What may stand between the groups of one number. */
const THIN = /^[\s.,()/+#:–—-]{0,3}$/;
const CURRENCY_BEFORE = /\p{Sc}\s?$/u;

interface Run {
  readonly first: number;
  readonly last: number;
  readonly digits: number;
  readonly units: number;
  readonly isSpoken: boolean;
}

export function redactNumbers(text: string): string {
  const tokens = tokensOf(text);
  const hidden: Hidden[] = [];
  for (let at = 0; at < tokens.length;) {
    const reference = referenceAt(tokens, at);
    const run = reference === null ? runAt(tokens, at) : null;
    if (reference !== null) hidden.push({ first: at, last: reference, placeholder: '[number]' });
    else if (run !== null && identifies(text, tokens, run))
      hidden.push({ first: run.first, last: run.last, placeholder: '[number]' });
    at = (reference ?? run?.last ?? at) + 1;
  }
  return hide(text, tokens, hidden);
}

/** Letters and digits written as one word or with hyphens: AB12345, XK4-T9Z. The last token, or null. */
function referenceAt(tokens: readonly Token[], at: number): number | null {
  if (tokens[at].kind === 'placeholder') return null;
  if (isTime(tokens, at) || (at > 0 && /^[-_]?$/.test(tokens[at].gap))) return null;
  let last = at;
  let letters = 0;
  let digits = 0;
  let changes = 0;
  for (; ; last++) {
    const token = tokens[last];
    if (token.kind === 'digits') digits += token.text.length;
    else letters += token.text.length;
    const next = tokens[last + 1] as Token | undefined;
    if (next === undefined || next.kind === 'placeholder' || !/^[-_]?$/.test(next.gap) || isTime(tokens, last + 1))
      break;
    if (next.kind !== token.kind) changes += 1;
  }
  if (letters === 0 || letters + digits < REFERENCE_LENGTH_MIN) return null;
  return digits >= REFERENCE_DIGITS_MIN || (digits >= 2 && changes >= 3) ? last : null;
}

/** Numbers one after another from here on, with what is said or written between them; single letters within belong to them. */
function runAt(tokens: readonly Token[], first: number): Run | null {
  if (isTime(tokens, first)) return null;
  const begin = unitAt(tokens, first);
  if (begin === null) return null;
  let { next, digits, isSpoken } = begin;
  let units = 1;
  let last = next - 1;
  while (next < tokens.length && THIN.test(tokens[next].gap)) {
    const unit = isTime(tokens, next) ? null : unitAt(tokens, next);
    const joins = isJoiner(tokens[next]) || isZeroWithin(tokens[next]) || isLetter(tokens[next]);
    if (unit === null && !joins) break;
    if (unit !== null || isZeroWithin(tokens[next])) {
      units += 1;
      digits += unit?.digits ?? 1;
      isSpoken ||= unit?.isSpoken ?? true;
      last = (unit?.next ?? next + 1) - 1;
    }
    next = unit?.next ?? next + 1;
  }
  return { first, last, digits, units, isSpoken };
}

const isLetter = ({ kind, text }: Token): boolean => kind === 'word' && text.length === 1 && /^[A-Z]$/.test(text);

/** 10:30, and not a part of 10:30:15:20 or A10:30. */
function isTime(tokens: readonly Token[], at: number): boolean {
  const isPair = (hour: number): boolean => {
    const [before, minute, after] = [tokens[hour], tokens[hour + 1], tokens[hour + 2]] as (Token | undefined)[];
    if (before?.kind !== 'digits' || minute?.kind !== 'digits' || minute.gap !== ':') return false;
    if (before.text.length > 2 || minute.text.length !== 2) return false;
    return !(after?.kind === 'digits' && after.gap === ':') && !(hour > 0 && /^[_:]?$/.test(before.gap));
  };
  return isPair(at) || (at > 0 && isPair(at - 1));
}

function identifies(text: string, tokens: readonly Token[], run: Run): boolean {
  const { first, last, digits, units, isSpoken } = run;
  const isAnnounced = announced(tokens, first);
  const isScaled = isFollowedBy(SCALES, tokens, last);
  if (isSpoken)
    return (
      !isScaled &&
      (units >= SPOKEN_UNITS_MIN || digits >= SPOKEN_DIGITS_MIN || (isAnnounced && digits >= ANNOUNCED_DIGITS_MIN))
    );
  if (digits < (isAnnounced ? ANNOUNCED_DIGITS_MIN : DIGITS_MIN)) return false;
  return isCard(text, tokens, run) || isAnnounced || !(isScaled || isQuantity(text, tokens, run));
}

function isFollowedBy(words: ReadonlySet<string>, tokens: readonly Token[], last: number): boolean {
  const [following, after] = [tokens[last + 1], tokens[last + 2]] as (Token | undefined)[];
  return (
    following !== undefined &&
    isSpace(following.gap) &&
    words.has(following.lower) &&
    !/^[-_]?$/.test(after?.gap ?? ' ')
  );
}

function announced(tokens: readonly Token[], first: number): boolean {
  for (let at = first - 1; at >= 0 && at >= first - ANNOUNCED_WITHIN_TOKENS; at--) {
    const token = tokens[at];
    if (token.kind !== 'word' || isNumberWord(token)) return false;
    if (ANNOUNCING.has(token.lower)) return true;
  }
  return false;
}

/** Money, counts and years: what is written that way whoever it is about. */
function isQuantity(text: string, tokens: readonly Token[], { first, last }: Run): boolean {
  const written = text.slice(tokens[first].start, tokens[last].end);
  const isCounted = isFollowedBy(COUNTED, tokens, last);
  const isMoney =
    CURRENCY_BEFORE.test(tokens[first].gap) ||
    /^\s?[%\p{Sc}]/u.test(text.slice(tokens[last].end, tokens[last].end + 2));
  return isCounted || isMoney || /^\d{1,3}(?:,\d{3}){1,4}$/.test(written) || /^(?:19|20)\d\d$/.test(written);
}

function isCard(text: string, tokens: readonly Token[], { first, last, digits }: Run): boolean {
  if (digits < CARD_DIGITS_MIN || digits > CARD_DIGITS_MAX) return false;
  const figures = [...text.slice(tokens[first].start, tokens[last].end)].filter((each) => /\d/.test(each)).map(Number);
  const doubled = figures.reverse().map((figure, place) => (place % 2 === 1 ? figure * 2 : figure));
  return doubled.reduce((sum, figure) => sum + (figure > 9 ? figure - 9 : figure), 0) % 10 === 0;
}
