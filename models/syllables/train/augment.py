"""What a line does to speech: noise, a telephone's band, a room, mu-law, gain. All by the seed of the generator given."""
import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

RATE_HZ = 8000


def mu_law(x):
    coded = np.round(np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256) * 127) / 127
    return np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255


def room(x, rng):
    seconds = rng.uniform(0.1, 0.5)
    n = int(seconds * RATE_HZ)
    tail = rng.standard_normal(n) * 10 ** (-3 * np.arange(n) / n) * rng.uniform(0.02, 0.12)
    tail[0] = 1
    return fftconvolve(x, tail)[: len(x)]


def band(x, rng):
    low, high = rng.uniform(80, 320), rng.uniform(2900, 3800)
    return sosfilt(butter(2, [low, high], "bandpass", fs=RATE_HZ, output="sos"), x)


def tilt(x, rng):
    """A microphone's slope, up to about 6 dB over the band."""
    share = rng.uniform(-0.4, 0.4)
    return x + share * np.concatenate([[0], x[:-1]])


def coloured_noise(count, rng):
    white = rng.standard_normal(count)
    share = rng.uniform(0, 0.97)
    return sosfilt(np.array([[1 - share, 0, 0, 1, -share, 0]]), white)


def line(x, rng, noises=()):
    """One utterance through one line; its level afterwards says nothing about how loud it was."""
    x = x.astype(np.float64)
    if rng.random() < 0.3:
        x = room(x, rng)
    if rng.random() < 0.5:
        x = tilt(x, rng)
    if rng.random() < 0.5:
        x = band(x, rng)
    power = (x**2).mean() + 1e-12
    if rng.random() < 0.6:
        if len(noises) and rng.random() < 0.6:
            source = noises[rng.integers(len(noises))]
            start = rng.integers(max(1, len(source) - len(x)))
            noise = np.resize(source[start : start + len(x)], len(x)).astype(np.float64)
        else:
            noise = coloured_noise(len(x), rng)
        snr_db = rng.uniform(5, 35)
        x = x + noise * np.sqrt(power / ((noise**2).mean() + 1e-12) * 10 ** (-snr_db / 10))
    level_db = rng.uniform(-40, -8)
    x = np.clip(x / np.sqrt((x**2).mean() + 1e-12) * 10 ** (level_db / 20), -1, 1)
    if rng.random() < 0.4:
        x = mu_law(x)
    return x.astype(np.float32)
