/**
 * Six bands of the telephone band, each by one band-pass biquad (R. Bristow-Johnson, "Cookbook formulae for audio EQ
 * biquad filter coefficients", constant peak gain). Recursive filters need no window, so frames may be cut anywhere.
 */
export const BANDS_HZ = [
  [100, 300],
  [300, 600],
  [600, 1_000],
  [1_000, 1_600],
  [1_600, 2_500],
  [2_500, 3_600],
] as const;

const COUNT = BANDS_HZ.length;
/** What a frame without any sound has. */
export const NO_BANDS: readonly number[] = BANDS_HZ.map(() => -100);

/** Coefficients a band: gain, feedback 1, feedback 2. */
export type BandFilters = Float64Array;

export interface BandFilterState {
  /** Two delays a band. */
  readonly delays: Float64Array;
  /** Sum of squares a band since they were taken last. */
  readonly energies: Float64Array;
}

export function createBandFilters(rateHz: number): BandFilters {
  const filters = new Float64Array(3 * COUNT);
  BANDS_HZ.forEach(([low, high], band) => {
    const centre = Math.sqrt(low * high);
    const angle = (2 * Math.PI * centre) / rateHz;
    const alpha = (Math.sin(angle) * (high - low)) / (2 * centre);
    filters.set([alpha / (1 + alpha), (-2 * Math.cos(angle)) / (1 + alpha), (1 - alpha) / (1 + alpha)], 3 * band);
  });
  return filters;
}

export const freshBandState = (): BandFilterState => ({
  delays: new Float64Array(2 * COUNT),
  energies: new Float64Array(COUNT),
});

/** The hot loop of measuring: transposed direct form II, written out on flat arrays. */
export function filterSample(filters: BandFilters, { delays, energies }: BandFilterState, sample: number): void {
  for (let band = 0; band < COUNT; band += 1) {
    const gained = filters[3 * band] * sample;
    const out = gained + delays[2 * band];
    delays[2 * band] = delays[2 * band + 1] - filters[3 * band + 1] * out;
    delays[2 * band + 1] = -gained - filters[3 * band + 2] * out;
    energies[band] += out * out;
  }
}

export function takeBandEnergies({ energies }: BandFilterState): number[] {
  const taken = Array.from(energies);
  energies.fill(0);
  return taken;
}
