/** Posted scores: `{"scores": [...]}`, a list, or one; each checked by itself. */
import { createHash } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { describe } from '../../core/units/describe.ts';
import { wellFormed } from '../../adapters/events/json.ts';
import type { Rejection } from '../../adapters/events/wireEvent.ts';
import type { Score } from '../../core/events/score.ts';

const Text = Type.String({ maxLength: 200 });
const ScoreSchema = Type.Object(
  {
    id: Type.Optional(Text),
    callId: Type.Optional(Text),
    traceId: Type.Optional(Type.String({ pattern: '^([0-9a-f]{32})?$' })),
    spanId: Type.Optional(Type.String({ pattern: '^([0-9a-f]{16})?$' })),
    turnId: Type.Optional(Text),
    turnIndex: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    mediaMs: Type.Optional(Type.Number({ minimum: 0, maximum: 86_400_000 })),
    name: Type.String({ minLength: 1, maxLength: 200 }),
    value: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    label: Type.Optional(Text),
    explanation: Type.Optional(Type.String({ maxLength: 20_000 })),
    source: Type.Optional(Text),
  },
  { additionalProperties: false },
);
const check = Compile(ScoreSchema);
const SCORES_MAX = 10_000;

export function parseScores(
  body: unknown,
  tenant: string,
  receivedAtMs: number,
): { scores: Score[]; rejected: Rejection[] } {
  const scores: Score[] = [];
  const rejected: Rejection[] = [];
  listOf(body).forEach((posted, index) => {
    const problem = index >= SCORES_MAX ? `at most ${SCORES_MAX} scores` : problemOf(posted);
    if (problem === null) scores.push(scoreOf(mended(posted) as Static<typeof ScoreSchema>, tenant, receivedAtMs));
    else rejected.push({ index, code: 'request_invalid', expected: problem, got: describe(posted) });
  });
  return { scores, rejected };
}

function listOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  const inner = (body as { scores?: unknown } | null)?.scores;
  return Array.isArray(inner) ? inner : [body];
}

function problemOf(posted: unknown): string | null {
  if (!check.Check(posted)) {
    const [problem] = check.Errors(posted);
    if (problem.keyword === 'boolean') return `a score without a field ${problem.instancePath.slice(1)}`;
    return `a score whose ${problem.instancePath.slice(1) || 'fields are name, value or label, and callId or traceId'} ${problem.message}`;
  }
  if ((posted.callId ?? '') === '' && (posted.traceId ?? '') === '') return 'a score with callId or traceId';
  if ((posted.value ?? null) === null && (posted.label ?? '') === '') return 'a score with a value or a label';
  return null;
}

function scoreOf(posted: Static<typeof ScoreSchema>, tenant: string, receivedAtMs: number): Score {
  const whole = {
    tenant,
    callKey: posted.callId ?? '',
    name: posted.name,
    value: posted.value ?? null,
    label: posted.label ?? '',
    explanation: posted.explanation ?? '',
    source: posted.source ?? '',
    traceId: posted.traceId ?? '',
    spanId: posted.spanId ?? '',
    turnId: posted.turnId ?? '',
    turnIndex: posted.turnIndex ?? null,
    mediaMs: posted.mediaMs ?? null,
    receivedAtMs,
  };
  return { ...whole, id: posted.id ?? idOf(whole) };
}

/** Half a pair of surrogates is no text, and the store would refuse the whole row for it. */
const mended = (posted: unknown): unknown =>
  JSON.parse(JSON.stringify(posted), (_name, value: unknown) =>
    typeof value === 'string' ? wellFormed(value) : value,
  ) as unknown;

/** What a score is about: the same judge's new verdict on the same thing replaces its old one. */
function idOf({
  tenant,
  callKey,
  name,
  source,
  traceId,
  spanId,
  turnId,
  turnIndex,
  mediaMs,
}: Omit<Score, 'id'>): string {
  const about = [tenant, callKey, name, source, traceId, spanId, turnId, turnIndex, mediaMs];
  return createHash('sha256').update(about.join('\u0000')).digest('hex').slice(0, 32);
}
