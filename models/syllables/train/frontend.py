"""
What the network hears: samples to log-mel frames of 10 ms, inside the graph, the same at whatever level the line is.

The DFT is a strided convolution with fixed weights. Levels are told relative to the row's own mean power, and the floor is
relative too, so that a row 30 dB quieter gives the same numbers.
"""
import numpy as np
import torch
from torch import nn

RATE_HZ, HOP, WINDOW = 8000, 80, 200
LOW_HZ, HIGH_HZ = 120, 3600
FLOOR = 1e-3
SILENCE = 1e-9


def mel(hz):
    return 2595 * np.log10(1 + np.asarray(hz) / 700)


def mel_weights(bands, bins_hz):
    edges = np.linspace(mel(LOW_HZ), mel(HIGH_HZ), bands + 2)
    at = mel(bins_hz)[:, None]
    rise = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0, np.minimum(rise, fall))
    return weights / np.maximum(weights.sum(axis=0), 1e-6)


class LogMel(nn.Module):
    """[rows, samples] -> [rows, bands, samples / HOP]; frame f is centred on sample HOP * f + HOP / 2."""

    def __init__(self, bands):
        super().__init__()
        n = np.arange(WINDOW)
        bins_hz = np.arange(1, WINDOW // 2) * RATE_HZ / WINDOW
        used = (bins_hz >= LOW_HZ / 2) & (bins_hz <= HIGH_HZ + 100)
        angle = 2 * np.pi * np.outer(bins_hz[used] / RATE_HZ, n)
        window = np.hanning(WINDOW + 1)[:-1]
        kernel = np.concatenate([np.cos(angle) * window, np.sin(angle) * window])[:, None]
        self.register_buffer("kernel", torch.tensor(kernel, dtype=torch.float32))
        self.register_buffer("mel", torch.tensor(mel_weights(bands, bins_hz[used]).T, dtype=torch.float32))
        self.bins = int(used.sum())

    def forward(self, audio):
        centred = audio - audio.mean(dim=1, keepdim=True)
        spectrum = nn.functional.conv1d(centred[:, None], self.kernel, stride=HOP, padding=(WINDOW - HOP) // 2)
        power = spectrum[:, : self.bins] ** 2 + spectrum[:, self.bins :] ** 2
        bands = torch.matmul(self.mel, power)
        mean = bands.mean(dim=(1, 2), keepdim=True) + SILENCE
        return torch.log(bands / mean + FLOOR)
