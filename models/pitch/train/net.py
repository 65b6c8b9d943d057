"""The network: samples at 8 kHz in, f0 and voicing confidence every 10 ms out.

All of it is in the graph: two Hann windows a frame (70 ms below 1.7 kHz, 30 ms over the whole band), their magnitude spectra, and
from these an autocorrelation at 20-cent steps of f0 (a matrix that starts as cosines and is trained), band levels relative to the
row's mean; then a small convolutional trunk over time. f0 is the local mean of the softmax about its highest bin. The
confidence is the probability that the frame is voiced and its f0 right: the voicing output times the mass about that bin.

A row is CONTEXT + window + CONTEXT samples, the window a multiple of FRAME; frame k is centred on sample CONTEXT + 80 k + 40.
"""
import math

import torch
from torch import nn

RATE, FRAME, CONTEXT = 8000, 80, 1280
F0_BASE_HZ, BINS_PER_OCTAVE, BINS = 47.5, 60, 208
SHORT_FIRST_BIN = 40  # the 30 ms window says nothing of periods over 13 ms
LONG_BLOCKS, SHORT_BLOCKS = 7, 3  # windows in frames of 10 ms; odd, so that they are centred on a frame
TRUNK_REACH = 12  # frames on either side
LONG_LOWEST, LONG_BINS, SHORT_BINS, BANDS = 3, 118, 119, 20
MAGNITUDE_FLOOR = 3e-4  # what white noise at about -90 dBFS gives a bin: below it nothing is heard
NEAR_BINS = 4  # decoding averages over +-80 cents
DECIMATOR_TAPS = 31


def fold_matrices(length, frequencies, rate):
    """Hann-windowed cosines for the even part and sines for the odd part of a frame folded about its middle."""
    offset = torch.arange(length // 2, dtype=torch.float64) + 0.5
    window = 0.5 + 0.5 * torch.cos(2 * math.pi * offset / length)
    phase = 2 * math.pi * offset[:, None] * frequencies[None, :] / rate
    return (window[:, None] * torch.cos(phase)).float(), (window[:, None] * torch.sin(phase)).float()


def bin_hz():
    return F0_BASE_HZ * 2 ** (torch.arange(BINS, dtype=torch.float64) / BINS_PER_OCTAVE)


def band_matrix(frequencies):
    """Triangles evenly spaced on the Bark scale."""
    bark = lambda hz: 26.81 * hz / (1960 + hz) - 0.53
    edges = torch.linspace(bark(torch.tensor(40.0)), bark(torch.tensor(3950.0)), BANDS + 2)
    position = bark(frequencies.float())[:, None]
    rise = (position - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[None, 2:] - position) / (edges[2:] - edges[1:-1])
    matrix = torch.clamp(torch.minimum(rise, fall), min=0)
    return matrix / torch.clamp(matrix.sum(0, keepdim=True), min=1e-3)


class Spectra(nn.Module):
    """Magnitudes of the two windows, from frames put together of whole blocks and folded about their middle."""

    def __init__(self):
        super().__init__()
        long_hz = torch.arange(LONG_LOWEST, LONG_LOWEST + LONG_BINS, dtype=torch.float64) * (RATE / FRAME / LONG_BLOCKS)
        short_hz = torch.arange(1, SHORT_BINS + 1, dtype=torch.float64) * (RATE / FRAME / SHORT_BLOCKS)
        self.long_hz, self.short_hz = long_hz, short_hz
        names = ["long_cos", "long_sin", "short_cos", "short_sin"]
        matrices = [*fold_matrices(LONG_BLOCKS * FRAME // 2, long_hz, RATE / 2),
                    *fold_matrices(SHORT_BLOCKS * FRAME, short_hz, RATE)]
        for name, matrix in zip(names, matrices):
            self.register_buffer(name, matrix)
        taps = torch.arange(DECIMATOR_TAPS, dtype=torch.float64) - DECIMATOR_TAPS // 2
        hann = torch.hann_window(DECIMATOR_TAPS + 2, False, dtype=torch.float64)[1:-1]
        lowpass = torch.special.sinc(taps * 2 * 1850 / RATE) * hann
        # A block of 80 samples with its neighbours' edges gives 40 at 4 kHz.
        side = DECIMATOR_TAPS // 2
        decimate = torch.zeros(FRAME + 2 * side, FRAME // 2, dtype=torch.float64)
        for out in range(FRAME // 2):
            decimate[2 * out:2 * out + DECIMATOR_TAPS, out] = lowpass / lowpass.sum()
        # The same with its outputs in reverse, and a block's reversal as a product: both cheaper than moving samples one by one.
        self.register_buffer("decimate", decimate.float())
        self.register_buffer("decimate_back", decimate.flip(1).float())
        self.register_buffer("back", torch.eye(FRAME).flip(1))
        self.side = side

    def forward(self, audio):
        blocks = audio.reshape(audio.shape[0], -1, FRAME)
        around = torch.cat([blocks[:, :-2, -self.side:], blocks[:, 1:-1], blocks[:, 2:, :self.side]], dim=2)
        near = blocks[:, 3:-3]
        return (magnitude(around @ self.decimate, around @ self.decimate_back, LONG_BLOCKS, self.long_cos, self.long_sin),
                magnitude(near, near @ self.back, SHORT_BLOCKS, self.short_cos, self.short_sin))


def magnitude(blocks, reversed_blocks, count, cosines, sines):
    """Of frames of `count` blocks, one a block; a frame is read outwards from its middle, to both sides."""
    frames, half, middle = blocks.shape[1] - count + 1, blocks.shape[2] // 2, count // 2
    late = [blocks[:, middle:middle + frames, half:]] + [blocks[:, i:i + frames] for i in range(middle + 1, count)]
    early = [reversed_blocks[:, middle:middle + frames, half:]]
    early += [reversed_blocks[:, i:i + frames] for i in range(middle - 1, -1, -1)]
    late, early = torch.cat(late, dim=2), torch.cat(early, dim=2)
    even, odd = (late + early) @ cosines, (late - early) @ sines
    return torch.sqrt(even * even + odd * odd + 1e-12)


class PitchNet(nn.Module):
    def __init__(self, channels=80):
        super().__init__()
        self.spectra = Spectra()
        lag = 1 / bin_hz()
        angle_long = 2 * math.pi * self.spectra.long_hz[:, None] * lag[None, :]
        angle_short = 2 * math.pi * self.spectra.short_hz[:, None] * lag[None, SHORT_FIRST_BIN:]
        self.long_lags = nn.Parameter(torch.cos(angle_long).float())
        self.short_lags = nn.Parameter(torch.cos(angle_short).float())
        self.register_buffer("bands", band_matrix(self.spectra.short_hz))
        features = BINS + (BINS - SHORT_FIRST_BIN) + LONG_BINS + BANDS
        self.enter = nn.Linear(features, channels)
        shapes = [(5, 1), (5, 2), (3, 3), (3, 3)]
        self.trunk = nn.ModuleList(nn.Conv1d(channels, channels, size, dilation=step) for size, step in shapes)
        self.leave = nn.Linear(channels, BINS + 1)
        self.long_gain = nn.Parameter(torch.full((BINS,), 2.0))
        self.short_gain = nn.Parameter(torch.full((BINS - SHORT_FIRST_BIN,), 2.0))
        self.register_buffer("index", torch.arange(BINS, dtype=torch.float32))

    def features(self, audio):
        long, short = self.spectra(audio)
        long_acf = (long / (long.sum(2, keepdim=True) + LONG_BINS * MAGNITUDE_FLOOR)) @ self.long_lags
        short_acf = (short / (short.sum(2, keepdim=True) + SHORT_BINS * MAGNITUDE_FLOOR)) @ self.short_lags
        log_long = torch.log(long + MAGNITUDE_FLOOR)
        power = (short * short) @ self.bands
        row = torch.log(power.mean((1, 2), keepdim=True) + MAGNITUDE_FLOOR**2)
        bands = torch.log(power + MAGNITUDE_FLOOR**2) - row
        return long_acf, short_acf, log_long, bands

    def scores(self, audio):
        """Logits over f0 bins and of voicing, one a frame of the window."""
        long_acf, short_acf, log_long, bands = self.features(audio)
        features = torch.cat([long_acf, short_acf, log_long, bands], dim=2)
        x = torch.relu(nn.functional.linear(features, self.entering_weight(), self.enter.bias))
        x = x.transpose(1, 2)
        for layer in self.trunk:
            skip = x[:, :, (drop := layer.dilation[0] * (layer.kernel_size[0] // 2)):-drop]
            x = torch.relu(layer(x)) + skip
        out = self.leave(x.transpose(1, 2))
        inner = slice(TRUNK_REACH, -TRUNK_REACH)
        seen = long_acf[:, inner] * self.long_gain
        seen_short = nn.functional.pad(short_acf[:, inner] * self.short_gain, (SHORT_FIRST_BIN, 0))
        return out[:, :, :BINS] + seen + seen_short, out[:, :, BINS]

    def entering_weight(self):
        """The features' scales, and the removal of the log spectrum's mean (its level), as part of the weights."""
        parts = self.enter.weight.split([BINS, BINS - SHORT_FIRST_BIN, LONG_BINS, BANDS], dim=1)
        level_free = parts[2] - parts[2].mean(1, keepdim=True)
        return torch.cat([4 * parts[0], 4 * parts[1], 0.5 * level_free, 0.3 * parts[3]], dim=1)

    def forward(self, audio):
        logits, voicing = self.scores(audio)
        highest, at = logits.max(dim=2, keepdim=True)
        near = (torch.abs(self.index - at.float()) <= NEAR_BINS).float()
        mass = torch.exp(logits - highest)
        weight = mass * near
        weight_sum = weight.sum(2)
        position = (weight * self.index).sum(2) / weight_sum
        sure = weight_sum / mass.sum(2)  # probability of f0 within +-80 cents of the answer, were the frame voiced
        return F0_BASE_HZ * torch.exp(position * (math.log(2) / BINS_PER_OCTAVE)), torch.sigmoid(voicing) * sure
