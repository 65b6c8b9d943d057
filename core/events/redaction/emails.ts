/** E-mail addresses, written (a.b@c.org) and spoken (a dot b at c dot org, a.b at c.org). */
import { unitAt } from './spokenNumbers.ts';
import { hide, isSpace, listed, tokensOf, type Hidden, type Token } from './tokens.ts';

/** RFC 5321 allows 64 characters before the @ and 255 after it. */
const LOCAL_MAX = 64;
const DOMAIN_MAX = 255;
const LOCAL_CHARACTER = /[\p{L}\p{M}\p{N}._%+'-]/u;
const DOMAIN_CHARACTER = /[\p{L}\p{M}\p{N}.-]/u;

/** Said, the end of a domain tells an address from "look at the dot". */
const ENDINGS = listed('com org net edu gov co uk io ai me us de fr es it nl eu ca au info biz app dev');
const LINKS = listed('dot underscore dash hyphen plus period');
/** They come before "at example dot com" when a site is meant and no mailbox. */
const NO_LOCAL = listed(
  `us me it them is are was be here there this that look shop order buy find available online website site page visit work works
   working account up out and or the a an to you i we on in now today based located meet`,
);
/** "our offers at example dot com" is a site, too. */
const DETERMINERS = listed('our the a an your their its these those some all more');
const DOMAIN_TOKENS_MAX = 6;
const LOCAL_TOKENS_MAX = 24;

export const redactEmails = (text: string): string => redactSpoken(redactWritten(text));

function redactWritten(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > from && at - start < LOCAL_MAX && LOCAL_CHARACTER.test(text[start - 1])) start -= 1;
    let end = at + 1;
    while (end < text.length && end - at <= DOMAIN_MAX && DOMAIN_CHARACTER.test(text[end])) end += 1;
    while (end > at + 1 && /[.-]/.test(text[end - 1])) end -= 1;
    if (start === at || !/[^.]\.[^.]/.test(text.slice(at + 1, end))) continue;
    parts.push(text.slice(from, start), '[email]');
    from = end;
    at = end - 1;
  }
  return parts.join('') + text.slice(from);
}

function redactSpoken(text: string): string {
  const tokens = tokensOf(text);
  const hidden: Hidden[] = [];
  for (let at = 1; at < tokens.length - 1; at++) {
    if (!isAt(tokens[at], tokens[at + 1])) continue;
    const last = domainFrom(tokens, at + 1);
    if (last === null) continue;
    const first = localBack(tokens, at - 1, (hidden.at(-1)?.last ?? -1) + 1);
    if (first === null) continue;
    hidden.push({ first, last, placeholder: '[email]' });
    at = last;
  }
  return hide(text, tokens, hidden);
}

/** Said, or written with spaces around the sign. */
const isAt = (token: Token, next: Token): boolean => token.lower === 'at' && isSpace(next.gap);

/** `example dot co dot uk` or `example.com`: its last token. */
function domainFrom(tokens: readonly Token[], first: number): number | null {
  let last: number | null = null;
  let wasLink = true;
  for (let at = first; at < tokens.length && at < first + DOMAIN_TOKENS_MAX * 2; at++) {
    const { kind, lower, gap } = tokens[at];
    if (kind === 'placeholder' || (at > first && !/^[\s.-]{1,2}$/.test(gap) && gap !== '')) break;
    const isLink = LINKS.has(lower) && kind === 'word';
    const isJoined = gap === '.' || gap === '-' || wasLink;
    if (at > first && !isLink && !isJoined) break;
    if (at > first && !isLink && ENDINGS.has(lower)) last = at;
    wasLink = isLink;
  }
  return last;
}

/**
 * Back from before `at`: a word, and what links, dots, spelling or digits join to it. Null where it is no mailbox.
 */
function localBack(tokens: readonly Token[], from: number, least: number): number | null {
  if (tokens[from].kind === 'placeholder' || NO_LOCAL.has(tokens[from].lower)) return null;
  let first = from;
  while (first > least && from - first < LOCAL_TOKENS_MAX) {
    const token = tokens[first];
    const before = tokens[first - 1];
    if (before.kind === 'placeholder' || !/^[\s._-]{0,2}$/.test(token.gap)) break;
    const isWritten = /^[._-]?$/.test(token.gap);
    const isLinked = LINKS.has(token.lower) || LINKS.has(before.lower);
    const isSpelled = isPiece(tokens, first) && (isPiece(tokens, first - 1) || !NO_LOCAL.has(before.lower));
    if (!isWritten && !isLinked && !(isSpelled && !isPlainWord(before, tokens, first))) break;
    first -= 1;
  }
  const before = tokens[first - 1] as Token | undefined;
  return first === from && before !== undefined && DETERMINERS.has(before.lower) ? null : first;
}

/** A letter or a number. */
const isPiece = (tokens: readonly Token[], at: number): boolean =>
  unitAt(tokens, at) !== null || (tokens[at].text.length === 1 && tokens[at].lower !== 'a' && tokens[at].lower !== 'i');

/** Before digits one word more belongs to the mailbox (maria forty two at ...), before letters none. */
const isPlainWord = (before: Token, tokens: readonly Token[], at: number): boolean =>
  before.text.length > 1 && unitAt(tokens, at) === null;
