/** Truth files: what really happened in a call, by construction or by hand. docs/evaluation.md describes the format. */
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { InvalidInput } from '../../core/units/errors.ts';

const Ms = Type.Number({ minimum: 0 });
const Channel = Type.Union([Type.Literal('caller'), Type.Literal('agent')]);
const Span = { startMs: Ms, endMs: Ms };

const TruthSchema = Type.Object({
  version: Type.Literal(1),
  rateHz: Type.Number(),
  channels: Type.Array(Channel, { minItems: 2, maxItems: 2 }),
  durationMs: Ms,
  conditions: Type.Object({
    snrDb: Type.Union([Type.Number(), Type.Null()]),
    echoDb: Type.Union([Type.Number(), Type.Null()]),
    agentLoss: Type.Number(),
    mulaw: Type.Boolean(),
  }),
  segments: Type.Array(Type.Object({ channel: Channel, ...Span })),
  overlaps: Type.Array(Type.Object(Span)),
  interruptions: Type.Array(
    Type.Object({
      by: Channel,
      onsetMs: Ms,
      outcome: Type.Union([
        Type.Literal('yielded'),
        Type.Literal('continued'),
        Type.Literal('backchannel'),
        Type.Literal('noise_burst'),
      ]),
      stopMs: Type.Optional(Ms),
      latencyMs: Type.Optional(Type.Number()),
    }),
  ),
  responses: Type.Array(Type.Object({ callerEndMs: Ms, agentStartMs: Ms, latencyMs: Type.Number() })),
  deadAir: Type.Array(Type.Object(Span)),
  incidents: Type.Array(Type.Object({ kind: Type.String(), channel: Channel, ...Span })),
});

export type Truth = Static<typeof TruthSchema>;

const check = Compile(TruthSchema);

export function readTruth(text: string, name: string): Truth {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidInput('truth_invalid', { expected: `JSON in ${name}`, got: (error as Error).message });
  }
  if (check.Check(value)) return value;
  const [problem] = check.Errors(value);
  throw new InvalidInput('truth_invalid', {
    expected: `${name} as a truth file of version 1`,
    got: `${problem.instancePath === '' ? 'the file' : problem.instancePath} ${problem.message}`,
  });
}

/** A codec alone leaves a call clean; noise, echo or loss degrade it. */
export const isClean = ({ conditions }: Truth): boolean =>
  conditions.snrDb === null && conditions.echoDb === null && conditions.agentLoss === 0;
