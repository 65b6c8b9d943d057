"""What telephones and rooms do to speech, on batches of rows: rooms, equalisers, noise, levels, G.711, clipping, lost packets.

Everything keeps the time axis as it is, so labels stay true. Where a lost packet removes the sound itself the labels lose their
weight. A few rows are noise or tones alone, labelled unvoiced.
"""
import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

RATE, FRAME = 8000, 80


class Augmenter:
    def __init__(self, noise, seed):
        self.rng = np.random.default_rng(seed)
        self.noise_audio = noise["audio"].astype(np.float32)
        self.noise_starts = np.concatenate([[0], np.cumsum(noise["lengths"])[:-1]])
        self.noise_lengths, self.periodic = noise["lengths"], noise["periodic"]

    def chance(self, rows, share):
        return self.rng.random(rows) < share

    def __call__(self, rows, voicing_weight, f0_weight, voiced):
        """rows float32 [n, samples] (changed), weights and voiced float32 [n, frames of the whole row] (changed)."""
        count, length = rows.shape
        speech_level = np.maximum(np.sqrt(np.mean(rows**2, axis=1)), 0.01)
        others = rows.copy()
        size = next_fast_len(length + RATE // 2, real=True)
        self.filter(rows, size, self.chance(count, 0.4), self.chance(count, 0.25))
        empty = self.chance(count, 0.04)
        rows[empty] = 0
        voiced[empty] = 0
        voicing_weight[empty], f0_weight[empty] = 1, 0
        noisy = self.chance(count, 0.8)  # an empty row without noise is digital silence
        for i in np.flatnonzero(noisy):
            noise = self.noise(length, others, i, bool(empty[i]))
            snr_db = self.rng.uniform(-3, 30)
            rows[i] += noise / (np.sqrt(np.mean(noise**2)) + 1e-9) * speech_level[i] * 10 ** (-snr_db / 20)
        self.channel(rows, size, self.chance(count, 0.5))
        self.levels(rows)
        self.lose_packets(rows, voicing_weight, f0_weight, self.chance(count, 0.08))
        return rows

    def filter(self, rows, size, equalised, reverberant):
        """Rooms (direct sound at time zero, exponential tail) and smooth random equalisers of zero phase."""
        chosen = np.flatnonzero(equalised | reverberant)
        spectra = rfft(rows[chosen], size, axis=1, workers=1)
        for at, i in enumerate(chosen):
            if reverberant[i]:
                spectra[at] *= rfft(self.room(), size)
            if equalised[i]:
                spectra[at] *= self.smooth_gain(spectra.shape[1], 8)
        rows[chosen] = irfft(spectra, size, axis=1, workers=1)[:, : rows.shape[1]].astype(np.float32)

    def room(self):
        decay_s, direct_to_tail_db = self.rng.uniform(0.1, 0.6), self.rng.uniform(-2, 18)
        time = np.arange(int(min(decay_s, 0.5) * RATE)) / RATE
        tail = self.rng.standard_normal(len(time)) * 10 ** (-3 * time / decay_s)
        tail[: int(0.002 * RATE)] = 0
        tail *= 10 ** (-direct_to_tail_db / 20) / np.sqrt(np.sum(tail**2))
        tail[0] = 1
        return tail

    def smooth_gain(self, bins, spread_db):
        knots = self.rng.uniform(-spread_db, spread_db, 7)
        return 10 ** (np.interp(np.linspace(0, 1, bins), np.linspace(0, 1, 7), knots) / 20)

    def noise(self, length, others, own, alone):
        kind = self.rng.choice(["white", "coloured", "recorded", "speech_shaped", "babble", "tones"],
                               p=[0.18, 0.2, 0.3, 0.0, 0.0, 0.32] if alone else [0.2, 0.2, 0.28, 0.15, 0.14, 0.03])
        if kind == "white":
            return self.rng.standard_normal(length).astype(np.float32)
        if kind == "recorded":
            return self.recorded(length, alone)
        if kind == "babble":
            picks = self.rng.integers(0, len(others), self.rng.integers(5, 12))
            return sum(np.roll(others[p], self.rng.integers(length)) for p in picks)
        if kind == "tones":
            time = np.arange(length) / RATE
            tones = self.rng.choice([350, 400, 425, 440, 480, 620, 697, 770, 852, 941, 1209, 1336, 1477], 2, replace=False)
            on = (time + self.rng.random()) % self.rng.uniform(0.2, 3) > 0.1
            return (on * np.sin(2 * np.pi * tones[:, None] * time).sum(0)).astype(np.float32)
        spectrum = rfft(self.rng.standard_normal(length).astype(np.float32))
        if kind == "coloured":
            spectrum *= np.maximum(np.arange(len(spectrum)), 8) ** self.rng.uniform(-1.2, 0.6)
        else:
            like = np.abs(rfft(others[self.rng.integers(len(others))]))
            spectrum *= np.convolve(like, np.ones(151) / 151, "same")
        return irfft(spectrum, length).astype(np.float32)

    def recorded(self, length, alone):
        allowed = np.flatnonzero(self.periodic < (0.1 if alone else 0.5))
        pick = self.rng.choice(allowed)
        offset = self.rng.integers(max(1, self.noise_lengths[pick] - length))
        start = self.noise_starts[pick] + offset
        clip = self.noise_audio[start:start + min(length, self.noise_lengths[pick])]
        return np.resize(clip, length)

    def channel(self, rows, size, filtered):
        """The line's band: high-pass at 60 to 300 Hz, low-pass at 2.4 to 3.9 kHz, on speech and noise together."""
        chosen = np.flatnonzero(filtered)
        spectra = rfft(rows[chosen], size, axis=1, workers=1)
        hz = np.arange(spectra.shape[1]) * RATE / size
        for at in range(len(chosen)):
            high, low = self.rng.uniform(40, 320), self.rng.uniform(2400, 3900)
            if self.rng.random() < 0.7:
                spectra[at] /= np.sqrt(1 + (high / np.maximum(hz, 1)) ** (2 * self.rng.integers(1, 5)))
            if self.rng.random() < 0.6:
                spectra[at] /= np.sqrt(1 + (hz / low) ** 16)
        rows[chosen] = irfft(spectra, size, axis=1, workers=1)[:, : rows.shape[1]].astype(np.float32)

    def levels(self, rows):
        """Any level of -55 to -8 dBFS, some clipped; then 16 bits or G.711."""
        count = len(rows)
        level = np.sqrt(np.mean(rows**2, axis=1, keepdims=True)) + 1e-6
        target = 10 ** (self.rng.uniform(-52, -10, (count, 1)) / 20)
        rows *= np.where(level > 1e-4, target / level, 1)
        clipped = self.chance(count, 0.08)
        if clipped.any():
            peak = np.max(np.abs(rows[clipped]), axis=1, keepdims=True) + 1e-6
            rows[clipped] *= self.rng.uniform(1.3, 5, (clipped.sum(), 1)) / peak
        np.clip(rows, -1, 1, out=rows)
        mu, a = self.chance(count, 0.22), self.chance(count, 0.1)
        rows[mu] = mu_law(rows[mu])
        rows[a & ~mu] = a_law(rows[a & ~mu])
        rows[:] = np.round(rows * 32768) / 32768

    def lose_packets(self, rows, voicing_weight, f0_weight, lossy):
        for i in np.flatnonzero(lossy):
            share, repeat = self.rng.uniform(0.01, 0.15), self.rng.random() < 0.4
            for packet in np.flatnonzero(self.rng.random(rows.shape[1] // 160) < share):
                at = packet * 160
                rows[i, at:at + 160] = rows[i, at - 160:at] if repeat and packet else 0
                voicing_weight[i, packet * 2:packet * 2 + 2] = 0
                f0_weight[i, packet * 2:packet * 2 + 2] = 0


def mu_law(x):
    code = np.round(np.log1p(255 * np.abs(x)) / np.log(256) * 127)
    return (np.sign(x) * np.expm1(code / 127 * np.log(256)) / 255).astype(np.float32)


def a_law(x):
    size, scale = np.abs(x), 1 + np.log(87.6)
    coded = np.where(size < 1 / 87.6, 87.6 * size, 1 + np.log(np.maximum(87.6 * size, 1))) / scale
    coded = (np.floor(np.minimum(coded, 0.9999) * 128) + 0.5) / 128 * scale
    return (np.sign(x) * np.where(coded < 1, coded / 87.6, np.exp(coded - 1) / 87.6)).astype(np.float32)
