"""Mixes stretches of a caller's channel as a phone call has them, and labels their speech.

Labels follow the rule of the labelled calls: frames of the clean clip above its 97th percentile - 35 dB, pauses under 200 ms
bridged, runs under 50 ms dropped. Noise, bursts, echo, loss and codecs come after and never move a label.
"""
import numpy as np
from scipy.signal import butter, lfilter

RATE_HZ = 8000
HOP = RATE_HZ // 100
RMS = 1800.0
VALUE = RATE_HZ * 8 // 1000


def speech_runs(x, below_peak_db=35, bridge=20, shortest=5):
    """Runs of speech of a clean clip as (start, end) in samples."""
    n = len(x) // HOP
    if n == 0:
        return []
    db = 10 * np.log10((x[: n * HOP].reshape(n, HOP) ** 2).mean(1) + 1e-3)
    on = np.flatnonzero(db > np.percentile(db, 97) - below_peak_db)
    if len(on) == 0:
        return []
    cuts = np.flatnonzero(np.diff(on) > bridge)
    starts, ends = on[np.r_[0, cuts + 1]], on[np.r_[cuts, len(on) - 1]] + 1
    return [(a * HOP, b * HOP) for a, b in zip(starts, ends) if b - a >= shortest]


def trimmed(x):
    runs = speech_runs(x)
    return x[runs[0][0]: runs[-1][1]] if runs else x[:0]


def at_rms(x):
    return x * (RMS / (np.sqrt((x ** 2).mean()) + 1e-9))


class Sounds:
    """The recordings that `sounds.py` kept, by kind and by voice."""

    def __init__(self, path):
        kept = np.load(path)
        self.clips, self.voices = {}, {}
        for kind in ("callers", "agents", "noise", "others"):
            parts = np.split(kept[kind], kept[f"{kind}_ends"][:-1])
            self.clips[kind] = [at_rms(part.astype(np.float32)) for part in parts]
            by = kept[f"{kind}_by"]
            self.voices[kind] = [np.flatnonzero(by == name) for name in sorted(set(by))]


class Mixer:
    def __init__(self, sounds, seed, seconds=16):
        self.sounds, self.rng = sounds, np.random.default_rng(seed)
        self.length = int(seconds * RATE_HZ)

    def chance(self, share):
        return self.rng.random() < share

    def pick(self, items):
        return items[self.rng.integers(len(items))]

    def stretch(self, kind, voice, low, high):
        """Speech of one voice, between low and high seconds."""
        parts, length = [], 0
        while length < low * RATE_HZ:
            if parts:
                parts.append(np.zeros(int(self.rng.uniform(0.05, 0.15) * RATE_HZ), np.float32))
            clip = trimmed(self.sounds.clips[kind][self.pick(voice)])
            if self.chance(0.3) and len(clip) > 3 * RATE_HZ:
                clip = trimmed(clip[self.rng.integers(len(clip) - 2 * RATE_HZ):])
            parts.append(clip)
            length += len(clip)
        return trimmed(np.concatenate(parts)[: int(high * RATE_HZ)])

    def talk(self, kind, gap_low, gap_high):
        """A channel of one voice with pauses: samples and, for each, whether it is speech."""
        y, label = np.zeros(self.length, np.float32), np.zeros(self.length, np.float32)
        voice = self.pick(self.sounds.voices[kind])
        at = int(self.rng.uniform(-2, gap_high) * RATE_HZ)
        while at < self.length:
            low, high = [(1.2, 4), (2.6, 4.5), (4, 6), (0.3, self.rng.uniform(0.32, 0.55))][self.rng.choice(4, p=[0.35, 0.25, 0.1, 0.3])]
            x = self.stretch(kind, voice, low, high).copy()
            fade = RATE_HZ // 200
            if len(x) > 2 * fade:
                x[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
                x[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
                start, end = max(0, at), min(self.length, at + len(x))
                if end > start:
                    y[start:end] += x[start - at: end - at]
                for a, b in speech_runs(x):
                    label[max(0, at + a): max(0, at + b)] = 1
            at += len(x) + int(self.rng.uniform(gap_low, gap_high) * RATE_HZ)
        return y, label

    def sound(self):
        """A noise sound of about 5 s: recorded, sometimes bent, or made."""
        kind = self.rng.choice(5, p=[0.62, 0.12, 0.1, 0.08, 0.08])
        if kind == 0:
            x = self.bent(self.pick(self.sounds.clips["noise"]))
            return x + self.rng.uniform(0.2, 1) * np.resize(self.bent(self.pick(self.sounds.clips["noise"])), len(x)) if self.chance(0.15) else x
        return [self.coloured, self.babble, self.hum, self.music][kind - 1]()

    def bent(self, x):
        if self.chance(0.6):
            count = int(len(x) * self.rng.uniform(0.75, 1.33))
            x = np.interp(np.linspace(0, len(x) - 1, count), np.arange(len(x)), x)
        if self.chance(0.3):
            x = lfilter(*butter(1, self.rng.uniform(300, 3000), self.pick(["low", "high"]), fs=RATE_HZ), x)
        return np.roll(x, self.rng.integers(len(x)))

    def coloured(self):
        spectrum = np.fft.rfft(self.rng.normal(0, 1, 5 * RATE_HZ))
        spectrum *= np.maximum(1, np.arange(len(spectrum))) ** -self.rng.uniform(0, 1)
        x = np.fft.irfft(spectrum)
        if self.chance(0.5):
            t = np.arange(len(x)) / RATE_HZ
            x *= 1 + self.rng.uniform(0.3, 1) * np.sin(2 * np.pi * self.rng.uniform(0.2, 8) * t)
        return x

    def babble(self):
        x = np.zeros(5 * RATE_HZ)
        for _ in range(self.rng.integers(3, 7)):
            clip = self.pick(self.sounds.clips["others"])
            x += np.roll(np.resize(clip, len(x)), self.rng.integers(len(x))) * self.rng.uniform(0.3, 1)
        return x

    def hum(self):
        t = np.arange(5 * RATE_HZ) / RATE_HZ
        f0 = self.pick([50, 60, 100, 120, self.rng.uniform(80, 400)])
        return sum(np.sin(2 * np.pi * f0 * k * t + self.rng.uniform(0, 6)) / k ** self.rng.uniform(0.3, 1.5) for k in range(1, 9))

    def music(self):
        x = np.zeros(5 * RATE_HZ)
        at = 0
        while at < len(x):
            t = np.arange(int(self.rng.uniform(0.1, 0.8) * RATE_HZ)) / RATE_HZ
            for f0 in self.rng.choice(220 * 2 ** (np.arange(25) / 12), self.rng.integers(1, 4)):
                tone = sum(np.sin(2 * np.pi * f0 * k * t) / k ** 1.5 for k in range(1, 5)) * np.exp(-t * self.rng.uniform(1, 8))
                x[at: at + len(t)] += tone[: len(x) - at]
            at += len(t)
        return x

    def noise(self, snr_db):
        x = np.resize(self.sound(), self.length)
        return np.roll(at_rms(x), self.rng.integers(len(x))) * 10 ** (-snr_db / 20)

    def bursts(self, label, weight):
        """Short sounds beside the speech. To take one for a word makes an event of nothing, so they weigh more."""
        y = np.zeros(self.length, np.float32)
        for _ in range(self.rng.integers(1, 5)):
            x = at_rms(self.sound())
            width = int(self.rng.uniform(0.15, 0.7) * RATE_HZ)
            if len(x) <= width:
                continue
            energy = np.cumsum(x ** 2)
            loudest = int(np.argmax(energy[width:] - energy[:-width]))
            x = x[loudest: loudest + width] * self.rng.uniform(0.3, 1.5)
            at = self.rng.integers(self.length - len(x))
            if not label[at: at + len(x)].any():
                y[at: at + len(x)] += x
                weight[at: at + len(x)] = 2
        return y

    def draw(self):
        """One stretch: samples in [-1, 1], and for each 8 ms whether it is speech, and how much it weighs."""
        kind = "callers" if self.chance(0.65) else "others"
        y, label = (np.zeros(self.length, np.float32), np.zeros(self.length, np.float32)) if self.chance(0.03) else self.talk(kind, 0.4, 5)
        weight = np.ones(self.length, np.float32)
        if self.chance(0.6):
            y = y + self.bursts(label, weight)
        if self.chance(0.65):
            y = y + self.noise(self.pick([20, 12, 6, self.rng.uniform(2, 30)]))
        if self.chance(0.25):
            echo, _ = self.talk("agents", 0.4, 4)
            y = y + echo * 10 ** (-self.rng.uniform(24, 36) / 20)
        y = y * 10 ** (self.pick([0, 0, self.rng.uniform(-14, 5)]) / 20)
        y = np.clip(y + self.rng.normal(0, self.pick([3, 3, self.rng.uniform(0.3, 20)]), self.length), -32768, 32767)
        if self.chance(0.6):
            y = mulaw(y)
        self.weigh_tokens(label, weight)
        return (np.round(y) / 32768).astype(np.float32), by_value(label), by_value(weight)

    def weigh_tokens(self, label, weight):
        """A short token is as much of an event as a long turn, so its frames weigh more."""
        edges = np.flatnonzero(np.diff(np.r_[0, label, 0]))
        for a, b in zip(edges[::2], edges[1::2]):
            if b - a < 0.7 * RATE_HZ:
                weight[a:b] = 2


def mulaw(y):
    m = np.sign(y) * np.log1p(255 * np.abs(y) / 32768) / np.log(256)
    m = np.round(m * 127) / 127
    return np.sign(m) * (np.power(256, np.abs(m)) - 1) / 255 * 32767


def by_value(signal):
    return signal.reshape(-1, VALUE)[:, VALUE // 2]
