/** The Fourier transform of blocks of real samples and back, by a complex transform of half the length. */
export interface Spectrum {
  /** Bins from 0 to half the sampling rate: length / 2 + 1 of them. */
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export interface Fourier {
  forward(samples: Float64Array, into: Spectrum): void;
  inverse(spectrum: Spectrum, into: Float64Array): void;
}

export const createSpectrum = (length: number): Spectrum => ({
  re: new Float64Array(length / 2 + 1),
  im: new Float64Array(length / 2 + 1),
});

/** `length`: a power of two. */
export function createFourier(length: number): Fourier {
  const half = length / 2;
  const cos = Float64Array.from({ length: half + 1 }, (_, k) => Math.cos((2 * Math.PI * k) / length));
  const sin = Float64Array.from({ length: half + 1 }, (_, k) => Math.sin((2 * Math.PI * k) / length));
  const swapped = bitReversed(half);
  const re = new Float64Array(half);
  const im = new Float64Array(half);

  /** Of what lies in `re` and `im`, which has been put there in bit-reversed order. */
  function transform(): void {
    for (let size = 2; size <= half; size *= 2) {
      const arm = size / 2;
      const step = length / size;
      for (let start = 0; start < half; start += size) {
        for (let k = 0; k < arm; k += 1) {
          const a = start + k;
          const b = a + arm;
          const c = cos[k * step];
          const s = sin[k * step];
          const turnedRe = re[b] * c + im[b] * s;
          const turnedIm = im[b] * c - re[b] * s;
          re[b] = re[a] - turnedRe;
          im[b] = im[a] - turnedIm;
          re[a] += turnedRe;
          im[a] += turnedIm;
        }
      }
    }
  }

  return {
    forward(samples, into) {
      for (let k = 0; k < half; k += 1) {
        re[swapped[k]] = samples[2 * k];
        im[swapped[k]] = samples[2 * k + 1];
      }
      transform();
      for (let k = 0; k <= half; k += 1) {
        const a = k % half;
        const b = (half - k) % half;
        const evenRe = (re[a] + re[b]) / 2;
        const evenIm = (im[a] - im[b]) / 2;
        const oddRe = (im[a] + im[b]) / 2;
        const oddIm = (re[b] - re[a]) / 2;
        into.re[k] = evenRe + oddRe * cos[k] + oddIm * sin[k];
        into.im[k] = evenIm + oddIm * cos[k] - oddRe * sin[k];
      }
    },
    inverse(spectrum, into) {
      for (let k = 0; k < half; k += 1) {
        const evenRe = (spectrum.re[k] + spectrum.re[half - k]) / 2;
        const evenIm = (spectrum.im[k] - spectrum.im[half - k]) / 2;
        const differenceRe = (spectrum.re[k] - spectrum.re[half - k]) / 2;
        const differenceIm = (spectrum.im[k] + spectrum.im[half - k]) / 2;
        const oddRe = differenceRe * cos[k] - differenceIm * sin[k];
        const oddIm = differenceIm * cos[k] + differenceRe * sin[k];
        // The conjugate goes in, and comes out again below: that turns the transform around.
        re[swapped[k]] = evenRe - oddIm;
        im[swapped[k]] = -(evenIm + oddRe);
      }
      transform();
      for (let k = 0; k < half; k += 1) {
        into[2 * k] = re[k] / half;
        into[2 * k + 1] = -im[k] / half;
      }
    },
  };
}

function bitReversed(count: number): Uint16Array {
  const order = new Uint16Array(count);
  for (let k = 1, bits = Math.log2(count); k < count; k += 1) order[k] = (order[k >> 1] >> 1) | ((k & 1) << (bits - 1));
  return order;
}
