/** The laws that every stage keeps, as property tests over inputs that fast-check makes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import type { Stage } from '../../core/stage/stage.ts';

export interface StageCase<In, Out> {
  readonly name: string;
  readonly make: () => Stage<In, Out>;
  readonly inputs: fc.Arbitrary<In[]>;
  /** The same content cut otherwise, by a list of random numbers; left out where an input is already the smallest piece. */
  readonly recut?: (inputs: In[], cuts: number[]) => In[];
  /** What has to be equal however the input was cut; the outputs themselves unless said otherwise. */
  readonly view?: (outputs: Out[]) => unknown;
}

export function checkStageLaws<In, Out>({
  name,
  make,
  inputs,
  recut,
  view = (outputs) => outputs,
}: StageCase<In, Out>): void {
  const outputsOf = (pieces: readonly In[], stage = make()): Out[] => {
    const outputs: Out[] = [];
    for (const piece of pieces) stage.push(piece, (out) => outputs.push(out));
    stage.flush((out) => outputs.push(out));
    return outputs;
  };
  const randoms = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 });

  if (recut !== undefined) {
    test(`${name}: any chunking gives equal output`, () => {
      fc.assert(
        fc.property(inputs, randoms, (pieces, cuts) => {
          assert.deepEqual(view(outputsOf(recut(pieces, cuts))), view(outputsOf(pieces)));
        }),
        { numRuns: 60 },
      );
    });
  }

  test(`${name}: a second flush gives nothing`, () => {
    fc.assert(
      fc.property(inputs, (pieces) => {
        const stage = make();
        for (const piece of pieces) stage.push(piece, () => undefined);
        stage.flush(() => undefined);
        const again: Out[] = [];
        stage.flush((out) => again.push(out));
        assert.deepEqual(again, []);
      }),
      { numRuns: 60 },
    );
  });

  test(`${name}: saved and loaded anywhere, it goes on as if nothing had happened`, () => {
    fc.assert(
      fc.property(inputs, fc.double({ min: 0, max: 1, noNaN: true }), (pieces, share) => {
        const at = Math.floor(share * (pieces.length + 1));
        const first = make();
        const outputs: Out[] = [];
        for (const piece of pieces.slice(0, at)) first.push(piece, (out) => outputs.push(out));
        const state = first.save();
        const onDisk = deserialize(serialize(state)) as unknown;
        // What the first does afterwards must not reach into the state it gave away.
        for (const piece of pieces.slice(at)) first.push(piece, () => undefined);
        const second = make();
        second.load(onDisk);
        outputs.push(...outputsOf(pieces.slice(at), second));
        assert.deepEqual(view(outputs), view(outputsOf(pieces)));
        const third = make();
        third.load(state);
        assert.deepEqual(third.save(), onDisk);
      }),
      { numRuns: 60 },
    );
  });

  test(`${name}: a rerun is identical`, () => {
    fc.assert(
      fc.property(inputs, (pieces) => assert.deepEqual(outputsOf(pieces), outputsOf(pieces))),
      { numRuns: 30 },
    );
  });
}
