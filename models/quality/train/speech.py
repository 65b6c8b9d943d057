"""Clean speech and noise by voice, split into training and held-out parts by voice or file, never by chance.

Held out: every fifth LibriSpeech speaker, every fifth clip of the English Asterisk voice, the Italian Asterisk voice, the Dutch
dialogue and every fifth noise. Evaluation sets are not read here at all.
"""
import glob
import os
import zlib
from math import gcd

import numpy as np
import soundfile
from scipy.signal import fftconvolve, resample_poly

RATE = 16_000


def load(path, rate=RATE):
    """One file as float32 mono at `rate`."""
    x, have = soundfile.read(path, dtype="float32", always_2d=True)
    x = x.mean(1)
    common = gcd(have, rate)
    return x if have == rate else resample_poly(x, rate // common, have // common).astype(np.float32)


def is_held_out(name):
    return zlib.crc32(name.encode()) % 5 == 0


def files(*patterns):
    return sorted(f for p in patterns for f in glob.glob(p, recursive=True) if f.endswith((".wav", ".flac", ".ogg")))


def split(paths, name_of=os.path.basename):
    """(training, held out)"""
    out = ([], [])
    for path in paths:
        out[is_held_out(name_of(path))].append(path)
    return out


def speaker_of(path):
    return os.path.basename(path).split("-")[0]


def trimmed(x, rate=RATE, below_peak_db=40):
    """Without the silence at both ends."""
    hop = rate // 100
    n = len(x) // hop
    if n < 5:
        return x[:0]
    db = 10 * np.log10((x[: n * hop].reshape(n, hop) ** 2).mean(1) + 1e-10)
    on = np.flatnonzero(db > np.percentile(db, 97) - below_peak_db)
    return x[max(0, on[0] - 2) * hop : (on[-1] + 3) * hop]


class Corpus:
    """Families of voices; a voice is a list of files of one speaker (or of one language of many speakers)."""

    def __init__(self, data, share="/usr/share", held_out=False, tts=None):
        part = int(held_out)
        callers = {}
        for f in split(files(f"{data}/clips/callers/*"), speaker_of)[part]:
            callers.setdefault(speaker_of(f), []).append(f)
        agents = split(files(f"{data}/clips/agents/**/*"))[part]
        languages = ["it_IT_m_Carlo"] if held_out else ["es_MX_f_Allison", "fr_CA_f_June", "ru_RU_f_IvrvoiceRU"]
        prompts = [files(f"{share}/asterisk/sounds/{name}/**/*") for name in languages]
        dialogue = files(f"{share}/games/fillets-ng/sound/*/{'nl' if held_out else 'cs'}/*.ogg")
        self.families = [("callers", 0.42, list(callers.values())), ("agents", 0.18, [agents]), ("prompts", 0.16, prompts),
                         ("dialogue", 0.12, [[f] for f in dialogue])]
        if not held_out:
            folders = sorted(glob.glob(f"{share}/ktuberling/sounds/*") + glob.glob(f"{share}/klettres/*/syllab"))
            words = [files(f"{folder}/**/*") for folder in folders]
            self.families.append(("words", 0.06, [w for w in words if w]))
            if tts:
                self.families.append(("tts", 0.06, [[f] for f in files(f"{tts}/*.wav")]))
        self.families = [f for f in self.families if f[2] and f[2][0]]
        self.noises = split(files(f"{data}/clips/noise/*"))[part]
        self.cache = {}

    def read(self, path):
        if path not in self.cache:
            x = trimmed(load(path))
            self.cache[path] = x.astype(np.float16), floor_snr_db(x)
        x, snr_db = self.cache[path]
        return x.astype(np.float32), snr_db

    def voice(self, rng, families=None):
        rows = [f for f in self.families if families is None or f[0] in families]
        weights = np.array([f[1] for f in rows])
        voices = rows[rng.choice(len(rows), p=weights / weights.sum())][2]
        return voices[rng.integers(len(voices))]

    def talk(self, rng, seconds, families=None, pause_s=(0.1, 0.6)):
        """`seconds` of one voice, its clips joined with pauses, at RMS 0.05 while it speaks; and the recordings' own SNR."""
        want, parts, have, snrs = int(seconds * RATE), [], 0, []
        voice = self.voice(rng, families)
        while have < want:
            x, snr_db = self.read(voice[rng.integers(len(voice))])
            if len(x) < RATE // 8:
                voice = self.voice(rng, families)
                continue
            start = rng.integers(max(1, len(x) - want)) if len(x) > want else 0
            x = x[start : start + want] / (np.sqrt(np.mean(x**2)) + 1e-9) * 0.05
            parts += [x, np.zeros(int(rng.uniform(*pause_s) * RATE), np.float32)]
            have += sum(map(len, parts[-2:]))
            snrs.append(snr_db)
        x = np.concatenate(parts)[:want]
        x = equalized(rng, x, 5) if rng.random() < 0.6 else x
        return x.astype(np.float32), min(snrs)

    def noise(self, rng, n, speech):
        """`n` samples of noise at RMS 1: recorded, coloured, shaped as the speech, or other people."""
        kind = rng.choice(["recorded", "coloured", "shaped", "babble", "hum"], p=[0.35, 0.22, 0.25, 0.13, 0.05])
        if kind == "recorded":
            x = load(self.noises[rng.integers(len(self.noises))])
            x = np.resize(np.roll(x, rng.integers(len(x))), n)
        elif kind == "coloured":
            x = coloured(rng, n, rng.uniform(-0.2, 1.3))
        elif kind == "shaped":
            x = shaped(rng, n, speech)
        elif kind == "babble":
            x = sum(self.talk(rng, n / RATE + 0.01)[0][:n] for _ in range(rng.integers(3, 8)))
        else:
            t = np.arange(n) / RATE
            x = sum(np.sin(2 * np.pi * k * rng.choice([50, 60]) * t + rng.uniform(0, 6)) / k for k in range(1, 12))
            x = x + coloured(rng, n, 0.5) * rng.uniform(0.05, 0.5)
        x = equalized(rng, x, 9) if rng.random() < 0.6 else x
        if rng.random() < 0.2:
            x = x * (1 + rng.uniform(0.2, 0.9) * np.sin(2 * np.pi * rng.uniform(0.2, 5) * np.arange(n) / RATE + rng.uniform(0, 6)))
        return (x / (np.sqrt(np.mean(x**2)) + 1e-9)).astype(np.float32)


def floor_snr_db(x, most=45.0):
    """How far a recording's speech lies above its own quietest frames."""
    frames = x[: len(x) // 320 * 320].reshape(-1, 320)
    if len(frames) < 50:
        return most
    power = (frames**2).mean(1)
    return float(min(most, 10 * np.log10(power.mean() / (np.percentile(power, 4) + 1e-12))))


def equalized(rng, x, most_db):
    """Through a smooth random filter, as of another microphone or room."""
    points = rng.uniform(-most_db, most_db, 8) * np.linspace(1.2, 0.8, 8)
    gain = 10 ** (np.interp(np.linspace(0, 7, 129), np.arange(8), points) / 20)
    taps = np.fft.fftshift(np.fft.irfft(gain)) * np.hanning(256)
    return fftconvolve(x, taps, "same")


def coloured(rng, n, exponent):
    spectrum = np.fft.rfft(rng.normal(size=n))
    f = np.arange(len(spectrum)) / n * RATE
    return np.fft.irfft(spectrum / np.maximum(f, 40) ** exponent, n)


def shaped(rng, n, speech):
    """Noise with the long-term spectrum of the speech."""
    size = 512
    frames = speech[: len(speech) // size * size].reshape(-1, size) * np.hanning(size)
    mean = np.sqrt((np.abs(np.fft.rfft(frames)) ** 2).mean(0))
    spectrum = np.fft.rfft(rng.normal(size=n))
    return np.fft.irfft(spectrum * np.interp(np.linspace(0, 1, len(spectrum)), np.linspace(0, 1, len(mean)), mean), n)
