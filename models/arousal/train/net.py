"""
The network: fixed measures of each 20 ms (shape of the spectrum, level, pitch, voicing), their weighted means and some
deviations over 1.28 s around each step of 160 ms, and a few small perceptrons whose mean is the score.

Few speakers say few things; so nearly everything here is fixed by what is known of arousal (higher and livelier pitch, flatter
spectrum, stronger change of level), and only the last few thousand weights are learnt.
"""
import os
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../syllables/train"))
from frontend import FLOOR, SILENCE, mel_weights  # noqa: E402

RATE_HZ, HOP, FFT = 8000, 160, 512
WINDOW_MS, BEFORE_MS, AFTER_MS, STEP_MS = 1280, 640, 640, 160
BEFORE, WINDOW, AFTER = (ms * 8 for ms in (BEFORE_MS, WINDOW_MS, AFTER_MS))
ROW = BEFORE + WINDOW + AFTER
STEP_FRAMES, POOL_FRAMES = 8, 64
STEPS = WINDOW_MS // STEP_MS
BANDS = 20
F0_LOW_HZ, F0_HIGH_HZ, LAGS = 75, 480, 65
HIDDEN = 12
# Up to 1.25 kHz each bin, where harmonics tell the pitch; above only every second: a Hann window smears them anyway.
FINE_BINS = 80
# A band's quietest 100 ms of the row are its noise, which would pass for a flat spectrum; a minimum lies under the mean.
QUIET_FRAMES, QUIET_TIMES = 5, 1.4


class Measures(nn.Module):
    """[rows, ROW samples] -> [rows, BANDS + 4, ROW / HOP], weights of speech and of voice [rows, 1, ROW / HOP]."""

    def __init__(self):
        super().__init__()
        n = np.arange(FFT)
        window = np.hanning(FFT + 1)[:-1]
        fine = np.arange(1, FINE_BINS + 1)
        bins_hz = np.concatenate([fine, np.arange(FINE_BINS + 2, int(3700 / RATE_HZ * FFT), 2)]) * RATE_HZ / FFT
        angle = 2 * np.pi * np.outer(bins_hz / RATE_HZ, n)
        kernel = np.concatenate([np.cos(angle) * window, np.sin(angle) * window])[:, None]
        f0 = F0_LOW_HZ * (F0_HIGH_HZ / F0_LOW_HZ) ** (np.arange(LAGS) / (LAGS - 1))
        lags = np.cos(2 * np.pi * np.outer(1 / f0, bins_hz[:FINE_BINS]))
        self.bins = len(bins_hz)
        for name, value in (("kernel", kernel), ("mel", mel_weights(BANDS, bins_hz).T), ("lags", lags),
                            ("octaves", np.log2(f0 / 150)[None, :, None])):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32))

    def forward(self, audio):
        centred = audio - audio.mean(dim=1, keepdim=True)
        spectrum = functional.conv1d(centred[:, None], self.kernel, stride=HOP, padding=(FFT - HOP) // 2)
        power = spectrum[:, : self.bins] ** 2 + spectrum[:, self.bins :] ** 2
        bands = torch.matmul(self.mel, power)
        quiet = functional.avg_pool1d(bands, QUIET_FRAMES, 1).amin(dim=2, keepdim=True)
        bands = torch.relu(bands - QUIET_TIMES * quiet)
        frame = bands.mean(dim=1, keepdim=True)
        mean = frame.mean(dim=2, keepdim=True) + SILENCE
        level = torch.log(frame / mean + FLOOR)
        shape = torch.log(bands / mean + FLOOR) - level
        # Autocorrelation of the compressed spectrum: the square root flattens formants, which would pass for pitch.
        root = torch.sqrt(power[:, :FINE_BINS] + SILENCE)
        correlation = torch.matmul(self.lags, root) / root.sum(dim=1, keepdim=True)
        weight = torch.softmax(correlation * 40, dim=1)
        octave = (weight * self.octaves).sum(dim=1, keepdim=True)
        voicing = (weight * correlation).sum(dim=1, keepdim=True)
        change = torch.abs(level - functional.pad(level[:, :, :-1], (1, 0)))
        speech = torch.sigmoid((level + 2.0) * 1.5)
        voiced = speech * torch.sigmoid((voicing - 0.35) * 20)
        return torch.cat([shape, level, change, octave, voicing], dim=1), speech, voiced


def pooled(values, weights):
    """Weighted mean and deviation over POOL_FRAMES around each step of the window."""
    first = (BEFORE - POOL_FRAMES // 2 * HOP) // HOP + STEP_FRAMES // 2

    def pool(x):
        cut = x[:, :, first : first + (STEPS - 1) * STEP_FRAMES + POOL_FRAMES]
        return functional.avg_pool1d(cut, POOL_FRAMES, STEP_FRAMES)

    total = pool(weights) + 1e-3
    mean = pool(values * weights) / total
    square = pool(values**2 * weights) / total
    return mean, torch.sqrt(torch.clamp(square - mean**2, min=0) + 1e-4)


class Statistics(nn.Module):
    """[rows, ROW samples] -> [rows, STEPS, SIZE]"""

    SIZE = BANDS + 10

    def __init__(self):
        super().__init__()
        self.measures = Measures()

    def forward(self, audio):
        values, speech, voiced = self.measures(audio)
        mean, _ = pooled(values[:, : BANDS + 2], speech)
        _, deviation = pooled(values[:, BANDS : BANDS + 2], speech)
        pitch, pitch_deviation = pooled(values[:, BANDS + 2 :], voiced)
        share, _ = pooled(torch.cat([voiced, speech], dim=1), torch.ones_like(speech))
        return torch.cat([mean, deviation, pitch, pitch_deviation, share], dim=1).transpose(1, 2)


class Head(nn.Module):
    """Members of an ensemble side by side; the score is the mean of their logits."""

    def __init__(self, members, hidden=HIDDEN, dropout=0.4):
        super().__init__()
        size = Statistics.SIZE
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))
        self.first = nn.Parameter(torch.randn(members, size, hidden) / size**0.5)
        self.first_bias = nn.Parameter(torch.zeros(members, 1, hidden))
        self.second = nn.Parameter(torch.randn(members, hidden, 1) / hidden**0.5)
        self.second_bias = nn.Parameter(torch.zeros(members, 1, 1))
        self.dropout = nn.Dropout(dropout)

    def logits(self, statistics):
        """[n, SIZE] -> [members, n]"""
        x = torch.clamp((statistics - self.mean) * self.scale, -3, 3)
        x = self.dropout(x)[None]
        hidden = torch.tanh(torch.matmul(x, self.first) + self.first_bias)
        return (torch.matmul(self.dropout(hidden), self.second) + self.second_bias)[..., 0]

    def forward(self, statistics):
        return self.logits(statistics).mean(dim=0)


class Arousal(nn.Module):
    def __init__(self, head):
        super().__init__()
        self.statistics, self.head = Statistics(), head

    def forward(self, audio):
        statistics = self.statistics(audio)
        flat = statistics.reshape(-1, Statistics.SIZE)
        return torch.sigmoid(self.head(flat)).reshape(-1, STEPS)
