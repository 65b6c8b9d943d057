"""Human speech with a new voice source: analysed and resynthesised with WORLD, f0 shifted, flattened, warped, jittered, creaky.

The f0 contour and the voicing mask handed to the synthesiser are the truth, whatever the trackers thought of the recording.
In frames that the mask calls voiced, aperiodicity is kept below the "all noise" that D4C gives to doubtful frames; elsewhere the
excitation is noise alone.
"""
import numpy as np
import pyworld
from scipy.signal import resample_poly

from sources import ANALYSIS_RATE
from teachers import F0_MAX_HZ, F0_MIN_HZ, agreement

STEP_S = 0.005
SHORTEST_RUN = 4  # of 5 ms frames


class Analysis:
    """What WORLD and the trackers say about one recording; made once, resynthesised several times."""

    def __init__(self, samples, swift):
        times = np.arange(int(len(samples) / ANALYSIS_RATE / STEP_S) + 1) * STEP_S
        f0, voicing_agreed, _ = agreement(samples, times, swift)
        # Where the trackers disagree, Praat decides: some boundary has to be put in, and it is put in exactly.
        f0 = drop_short_runs(np.where(f0 > 0, np.clip(f0, F0_MIN_HZ, 600), 0.0))
        samples = np.ascontiguousarray(samples)
        self.times, self.f0, self.doubtful = times, f0, ~voicing_agreed
        self.envelope = pyworld.cheaptrick(samples, f0, times, ANALYSIS_RATE)
        self.aperiodicity = pyworld.d4c(samples, f0, times, ANALYSIS_RATE, threshold=0.0)


def drop_short_runs(f0):
    f0 = f0.copy()
    for start, end in runs(f0 > 0):
        if end - start < SHORTEST_RUN:
            f0[start:end] = 0
    return f0


def runs(mask):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return list(zip(edges[::2], edges[1::2]))


def new_contour(f0, rng):
    """Another contour on (nearly) the same voiced frames."""
    voiced = f0 > 0
    if not voiced.any():
        return f0
    mean = np.exp(np.mean(np.log(f0[voiced])))
    target = np.exp(rng.uniform(np.log(65), np.log(360)))
    factor = np.clip(target / mean, 0.55, 1.9)
    liveliness = 0.0 if rng.random() < 0.1 else rng.uniform(0.4, 1.7)
    contour = np.where(voiced, mean * factor * (np.maximum(f0, 1) / mean) ** liveliness, 0.0)
    time = np.arange(len(f0)) * STEP_S
    semitones = rng.uniform(0, 3) * np.sin(2 * np.pi * (rng.uniform(0.3, 4) * time + rng.random()))
    jitter = rng.uniform(0, 0.01) if rng.random() < 0.8 else rng.uniform(0.01, 0.04)
    contour = contour * 2 ** (semitones / 12) * (1 + jitter * rng.standard_normal(len(f0)))
    for start, end in runs(voiced):
        if rng.random() < 0.25:
            creak(contour, start, end, rng)
        if rng.random() < 0.1:
            cut = min(int(rng.integers(1, 8)), end - start - SHORTEST_RUN)
            if cut > 0:
                contour[end - cut:end] = 0
    return np.where(contour > 0, np.clip(contour, F0_MIN_HZ, F0_MAX_HZ), 0.0)


def creak(contour, start, end, rng):
    """The run's end falls to a slow irregular voice, as at the end of a phrase."""
    length = min(end - start, int(rng.integers(10, 35)))
    fall = np.linspace(1, rng.uniform(0.4, 0.7), length)
    irregular = 1 + rng.uniform(0, 0.12) * rng.standard_normal(length)
    contour[end - length:end] *= fall * irregular


def resynthesise(analysis, rng):
    """(samples at 8 kHz, times, f0 at the times)."""
    contour = new_contour(analysis.f0, rng)
    envelope = warp_frequency(analysis.envelope, rng.uniform(0.85, 1.2))
    aperiodicity = analysis.aperiodicity ** rng.uniform(0.7, 1.3)
    wide = pyworld.synthesize(contour, envelope, aperiodicity, ANALYSIS_RATE, STEP_S * 1000)
    return resample_poly(wide, 1, 2), analysis.times, contour


def warp_frequency(envelope, factor):
    """Formants moved by `factor`: another vocal tract."""
    bins = envelope.shape[1]
    source = np.minimum(np.arange(bins) / factor, bins - 1)
    low = np.floor(source).astype(int)
    high = np.minimum(low + 1, bins - 1)
    share = source - low
    return np.ascontiguousarray(envelope[:, low] * (1 - share) + envelope[:, high] * share)
