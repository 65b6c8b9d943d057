"""What can happen to speech: distortions of the speech itself, and failures of its synthesis. All at 16 kHz."""
import subprocess

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.signal import butter, fftconvolve, istft, resample_poly, sosfilt, stft

RATE = 16_000


def rms(x):
    return np.sqrt(np.mean(x.astype(np.float64) ** 2)) + 1e-9


def mnru(rng, x, q_db):
    """Modulated noise reference unit (ITU-T P.810): noise that follows the speech, q_db below it."""
    return x * (1 + 10 ** (-q_db / 20) * rng.normal(size=len(x)))


def mulaw(x, steps=127):
    x = np.clip(x, -1, 1)
    m = np.round(np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256) * steps) / steps
    return np.sign(m) * (256 ** np.abs(m) - 1) / 255


def narrow(x):
    """To 8 kHz and back."""
    return resample_poly(resample_poly(x, 1, 2), 2, 1)[: len(x)]


def coded(x, codec):
    """GSM full rate, or Opus at a few kbit/s, there and back."""
    pcm = (np.clip(resample_poly(x, 1, 2), -1, 1) * 32767).astype("<i2").tobytes()
    raw = ["-f", "s16le", "-ar", "8000", "-ac", "1"]
    if codec == "gsm":
        form = ["-t", "raw", "-r", "8000", "-e", "signed", "-b", "16", "-c", "1", "-"]
        there = subprocess.run(["sox", "-V0", *form, "-t", "gsm", "-"], input=pcm, capture_output=True, check=True).stdout
        back = subprocess.run(["sox", "-V0", "-t", "gsm", "-r", "8000", "-", *form], input=there, capture_output=True, check=True)
    else:
        there = subprocess.run(["ffmpeg", "-v", "error", *raw, "-i", "-", "-c:a", "libopus", "-b:a", codec, "-f", "ogg", "-"],
                               input=pcm, capture_output=True, check=True).stdout
        back = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", *raw, "-"], input=there, capture_output=True, check=True)
    y = resample_poly(np.frombuffer(back.stdout, "<i2") / 32768.0, 2, 1)
    y = np.pad(y, (0, max(0, len(x) - len(y))))[: len(x)]
    corr = fftconvolve(y, x[::-1])[len(x) - 1 : len(x) + 1600]          # the codec's delay
    return np.pad(y[int(np.argmax(np.abs(corr))) :], (0, 1600))[: len(x)]


def clipped(x, gain):
    return np.clip(x * gain, -0.35, 0.35)


def lossy(rng, x, share, concealment):
    """20 ms packets lost, alone or in bursts; filled with zeros or with the packet before."""
    y, p = x.copy(), RATE // 50
    lost = False
    for i in range(p, len(y) - p, p):
        lost = rng.random() < (0.5 if lost and concealment == "burst" else share)
        if lost:
            y[i : i + p] = y[i - p : i] * 0.7 if concealment == "repeat" else 0
    return y


def filtered(rng, x):
    low, high = [(300, 3400), (500, 2500), (150, 1800), (800, 3800), (60, 3000)][rng.integers(5)]
    return sosfilt(butter(4, [low, min(high, 7900)], "bandpass", fs=RATE, output="sos"), x)


def reverberated(rng, x, t60_s):
    n = int(t60_s * RATE)
    tail = rng.normal(size=n) * 10 ** (-3 * np.arange(n) / n)
    tail *= rng.uniform(0.3, 1.2) / np.sqrt((tail**2).sum())
    tail[0] += 1
    return fftconvolve(x, tail)[: len(x)]


def suppressed(rng, speech, noise):
    """A noise suppressor that guesses the noise too high or too coarsely: holes and musical tones. (speech part, noise part)"""
    _, _, s = stft(speech, RATE, nperseg=512)
    _, _, n = stft(noise, RATE, nperseg=512)
    floor = np.mean(np.abs(n) ** 2, 1, keepdims=True) * rng.uniform(0.7, 4)
    gain = np.maximum(1 - floor / (np.abs(s + n) ** 2 + 1e-12), rng.uniform(0.02, 0.2))
    back = lambda z: np.pad(istft(z, RATE, nperseg=512)[1], (0, 512))[: len(speech)]
    return back(s * gain), back(n * gain)


def masked(rng, speech, noise):
    """A suppressor that knows speech and noise nearly: a smoothed gain with errors, down to some floor. (speech part, noise part)"""
    _, _, s = stft(speech, RATE, nperseg=512)
    _, _, n = stft(noise, RATE, nperseg=512)
    smooth = lambda p: np.maximum(0, uniform_filter(p, (rng.integers(1, 6), rng.integers(1, 8))))
    ratio = smooth(np.abs(s) ** 2) / (smooth(np.abs(n) ** 2) + 1e-12)
    error_db = uniform_filter(rng.normal(size=s.shape), (8, 6)) * 7 * rng.uniform(0, 8) + rng.uniform(-8, 6)
    ratio = ratio * 10 ** (error_db / 10)
    gain = np.maximum((ratio / (1 + ratio)) ** rng.uniform(0.5, 1.5), 10 ** (-rng.uniform(6, 45) / 20))
    back = lambda z: np.pad(istft(z, RATE, nperseg=512)[1], (0, 512))[: len(speech)]
    return back(s * gain), back(n * gain)


# Failures of synthesis. Each takes the stretch that fails and gives one of the same length. ------------------------------

def fit(x, n):
    return np.pad(x, (0, max(0, n - len(x))))[:n]


def scrambled(rng, x):
    """Grains of the voice in random order, cut hard, windowed, or cross-faded."""
    g = int(rng.uniform(0.035, 0.13) * RATE) if rng.random() < 0.6 else int(0.06 * RATE)
    grains = [x[i : i + g] for i in range(0, len(x) - g, g)]
    grains = [grains[i] for i in rng.permutation(len(grains))]
    if rng.random() < 0.15:
        grains = [q[::-1] if rng.random() < 0.5 else q for q in grains]
    edge = rng.choice(["dip", "hard", "cross"], p=[0.5, 0.2, 0.3])
    if edge == "cross":
        f = int(0.006 * RATE)
        y = np.zeros(len(x) + g)
        ramp = np.concatenate([np.linspace(0, 1, f), np.ones(g - 2 * f), np.linspace(1, 0, f)])
        for i, q in enumerate(grains):
            y[i * (g - f) : i * (g - f) + g] += q * ramp
        y = y[: len(grains) * (g - f)]
    else:
        w = np.hanning(g) ** rng.uniform(0.15, 0.4) if edge == "dip" else np.ones(g)
        y = np.concatenate([q * w for q in grains]) if grains else x
    return np.resize(y, len(x))


def looped(rng, x):
    return np.resize(x[: int(rng.uniform(0.1, 0.9) * RATE)], len(x))


def sped(x, factor):
    """Played at `factor` times the speed, pitch moving along."""
    y = resample_poly(x, 100, int(100 * factor))
    return np.resize(y, len(x))


def whispering_robot(rng, x):
    """Envelope of the speech on a buzz of constant pitch or on noise."""
    _, _, s = stft(x, RATE, nperseg=512)
    t = np.arange(len(x)) / RATE
    buzz = np.sign(np.sin(2 * np.pi * rng.uniform(70, 220) * t)) if rng.random() < 0.6 else rng.normal(size=len(x))
    _, _, b = stft(buzz, RATE, nperseg=512)
    width = rng.integers(3, 40)
    kernel = np.ones(width) / width
    smooth = np.apply_along_axis(lambda c: np.convolve(c, kernel, "same"), 0, np.abs(s))
    y = istft(smooth * b / (np.abs(b) + 1e-6), RATE, nperseg=512)[1]
    y = fit(y, len(x))
    return y * rms(x) / rms(y), width


def chopped(rng, x):
    """Most of each word missing: the voice comes in stumps."""
    y, at = x.copy(), 0
    while at < len(y):
        keep, drop = rng.uniform(0.05, 0.18), rng.uniform(0.12, 0.4)
        y[at + int(keep * RATE) : at + int((keep + drop) * RATE)] = 0
        at += int((keep + drop) * RATE)
    return y
