"""Speech-like sound from a glottal source and moving formants: every period is placed by us, so f0 and voicing are exact.

It adds what resynthesis lacks: irregular periods (jitter from one period to the next, alternating periods), voice bars through a
closed mouth, voiced fricatives and breath, abrupt onsets and offsets, f0 evenly over 50 to 500 Hz.
"""
import numpy as np
from scipy.signal import butter, lfilter, resample_poly, sosfilt

RATE = 16000
BLOCK = 80  # samples over which a filter stands still
KINDS = ["vowel", "nasal", "bar", "voiced_fricative", "fricative", "burst", "aspiration", "closure", "pause"]
VOICED = {"vowel", "nasal", "bar", "voiced_fricative"}
SHARES = [0.40, 0.10, 0.06, 0.07, 0.10, 0.06, 0.05, 0.08, 0.08]
SECONDS = {"vowel": (0.06, 0.35), "nasal": (0.04, 0.12), "bar": (0.03, 0.09), "voiced_fricative": (0.05, 0.12),
           "fricative": (0.05, 0.2), "burst": (0.01, 0.04), "aspiration": (0.03, 0.12), "closure": (0.03, 0.1),
           "pause": (0.1, 0.6)}


def segments(seconds, rng):
    """(kind, first sample, end sample), back to back."""
    out, at, last = [], 0, ""
    while at < seconds * RATE:
        kind = rng.choice(KINDS, p=SHARES)
        if kind == last and kind not in VOICED:
            continue
        length = int(rng.uniform(*SECONDS[kind]) * RATE)
        out.append((kind, at, at + length))
        at, last = at + length, kind
    return out


def f0_contour(length, rng):
    """A smooth f0 for every sample: slow walk in semitones about the speaker's mean, falling within phrases."""
    mean = np.exp(rng.uniform(np.log(60), np.log(380)))
    knots = np.arange(0, length + RATE // 4, RATE // 8)
    walk = np.cumsum(rng.normal(0, rng.uniform(0.3, 2.0), len(knots)))
    walk -= lfilter([1], [1, -0.9], walk) * 0.1
    semitones = np.interp(np.arange(length), knots, np.clip(walk, -10, 10))
    return np.clip(mean * 2 ** (semitones / 12), 50, 500)


def glottal(f0, voiced, rng):
    """Derivative of the glottal flow (KLGLOTT88), and the f0 of the very period at every sample."""
    wave, actual = np.zeros(len(f0)), np.zeros(len(f0))
    jitter = rng.choice([rng.uniform(0, 0.01), rng.uniform(0.01, 0.05)], p=[0.8, 0.2])
    shimmer = rng.uniform(0, 0.15)
    alternate = rng.uniform(0.02, 0.12) if rng.random() < 0.08 else 0.0
    open_quotient = rng.uniform(0.35, 0.85)
    for start, end in voiced:
        at, sign = float(start), 1
        while at < end:
            period = RATE / f0[min(int(at), len(f0) - 1)] * np.exp(jitter * rng.standard_normal() + sign * alternate / 2)
            first, stop = int(np.ceil(at)), min(int(np.ceil(at + period)), len(f0))
            phase = (np.arange(first, stop) - at) / period
            quotient = np.clip(open_quotient + 0.03 * rng.standard_normal(), 0.25, 0.95)
            x = phase / quotient
            wave[first:stop] = np.where(x < 1, 2 * x - 3 * x * x, 0) * (1 + shimmer * rng.standard_normal())
            actual[first:stop] = RATE / period
            at, sign = at + period, -sign
    return lfilter([1 - (tilt := rng.uniform(0, 0.75))], [1, -tilt], wave), actual


def formants_of(kind, rng, tract):
    if kind in ("nasal", "bar"):
        return np.array([rng.uniform(180, 320), rng.uniform(900, 1300), 2300, 3300]) * tract
    return np.array([rng.uniform(250, 850), rng.uniform(800, 2300), rng.uniform(2200, 3000), rng.uniform(3200, 4000)]) * tract


def shape(source, plan, rng):
    """The source through four resonators that glide between the segments' targets."""
    tract = rng.uniform(0.9, 1.2)
    centres = np.array([(a + b) / 2 for _, a, b in plan])
    targets = np.array([formants_of(kind, rng, tract) for kind, _, _ in plan])
    blocks = np.arange(0, len(source), BLOCK)
    tracks = np.stack([np.interp(blocks, centres, targets[:, i]) for i in range(4)], axis=1)
    bandwidths = np.array([60, 90, 140, 220]) * rng.uniform(0.8, 2.0)
    radii = np.exp(-np.pi * bandwidths / RATE)
    state, out = np.zeros((4, 2)), np.empty_like(source)
    for index, start in enumerate(blocks):
        angles = 2 * np.pi * np.minimum(tracks[index], 7000) / RATE
        sections = np.stack([1 - 2 * radii * np.cos(angles) + radii**2, np.zeros(4), np.zeros(4), np.ones(4),
                             -2 * radii * np.cos(angles), radii**2], axis=1)
        out[start:start + BLOCK], state = sosfilt(sections, source[start:start + BLOCK], zi=state)
    return out


def utterance(seconds, rng):
    """(samples at 8 kHz, times, f0 at the times)."""
    plan = segments(seconds, rng)
    length = plan[-1][2]
    voiced = merge([(a, b) for kind, a, b in plan if kind in VOICED])
    pulses, actual = glottal(f0_contour(length, rng), voiced, rng)
    noise = rng.standard_normal(length)
    gain_voice, gain_breath, gain_hiss = np.zeros(length), np.zeros(length), np.zeros(length)
    breathiness = 10 ** rng.uniform(-3, -1)
    for kind, a, b in plan:
        loud = 10 ** rng.uniform(-0.6, 0)
        gain_voice[a:b] = loud * {"vowel": 1, "nasal": 0.5, "bar": 0.15, "voiced_fricative": 0.4}.get(kind, 0)
        gain_breath[a:b] = loud * (breathiness if kind in VOICED else 0.15 if kind == "aspiration" else 0)
        gain_hiss[a:b] = loud * {"fricative": 0.3, "burst": 0.4, "voiced_fricative": 0.12}.get(kind, 0)
    smooth = np.hanning(int(RATE * rng.uniform(0.004, 0.02)))
    smooth /= smooth.sum()
    gain_voice, gain_breath, gain_hiss = (np.convolve(g, smooth, "same") for g in (gain_voice, gain_breath, gain_hiss))
    low = rng.uniform(1200, 3500)
    hiss = sosfilt(butter(2, [low, min(low * rng.uniform(1.5, 3), 7500)], "bandpass", fs=RATE, output="sos"), noise)
    wave = shape(pulses * gain_voice + noise * gain_breath, plan, rng)
    closed = lowpass_where(wave, plan, "bar")
    wave = (closed / (np.std(closed) + 1e-9)) + hiss * gain_hiss * 3
    times = np.arange(0, length, 40) / RATE
    return resample_poly(wave, 1, 2), times, np.clip(actual[::40], 0, 500) * (actual[::40] > 0)


def lowpass_where(wave, plan, closed_kind):
    """A voice bar sounds through closed lips: only its lowest harmonics come out."""
    dull = sosfilt(butter(2, 400, fs=RATE, output="sos"), wave)
    out = wave.copy()
    for kind, a, b in plan:
        if kind == closed_kind:
            out[a:b] = dull[a:b]
    return out


def merge(spans):
    out = []
    for a, b in spans:
        if out and out[-1][1] == a:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return out
