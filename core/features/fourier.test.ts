/** The transform against its definition, and there and back again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFourier, createSpectrum } from './fourier.ts';

const blocks = fc
  .constantFrom(4, 16, 64)
  .chain((length) => fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: length, maxLength: length }));

const nearly = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;

test('each bin is the sum that defines it', () => {
  fc.assert(
    fc.property(blocks, (samples) => {
      const spectrum = createSpectrum(samples.length);
      createFourier(samples.length).forward(Float64Array.from(samples), spectrum);
      for (let k = 0; k <= samples.length / 2; k += 1) {
        const turn = (n: number): number => (2 * Math.PI * k * n) / samples.length;
        assert.ok(
          nearly(
            spectrum.re[k],
            samples.reduce((sum, x, n) => sum + x * Math.cos(turn(n)), 0),
          ),
        );
        assert.ok(
          nearly(
            spectrum.im[k],
            samples.reduce((sum, x, n) => sum - x * Math.sin(turn(n)), 0),
          ),
        );
      }
    }),
  );
});

test('there and back again', () => {
  fc.assert(
    fc.property(blocks, (samples) => {
      const fourier = createFourier(samples.length);
      const spectrum = createSpectrum(samples.length);
      const back = new Float64Array(samples.length);
      fourier.forward(Float64Array.from(samples), spectrum);
      fourier.inverse(spectrum, back);
      assert.ok(samples.every((x, n) => nearly(x, back[n])));
    }),
  );
});
