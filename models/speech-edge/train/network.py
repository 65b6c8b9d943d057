"""The edge model: log-mel of 8 ms frames beside Silero's hidden state, two GRUs, and a look back over what was just heard.

A step is 16 ms and two values. What a step tells is about DELAY_STEPS earlier, so the network hears that much of the future;
the last WINDOW_STEPS of a narrow track are kept in the state, so that it knows to the frame where sound began.
"""
import numpy as np
import torch
from torch import nn

RATE_HZ = 8000
VALUE = 64
STEP = 2 * VALUE
WINDOW = 256
FFT = 128
CONTEXT = FFT - VALUE
MELS = 24
HIDDEN = 128
DELAY_STEPS = 25
WINDOW_STEPS = 32
STATE_KEPT = WINDOW_STEPS - 1


def mel_matrix():
    mel = lambda hz: 2595 * np.log10(1 + hz / 700)
    edges = 700 * (10 ** (np.linspace(mel(60), mel(3900), MELS + 2) / 2595) - 1)
    hz = np.arange(FFT // 2 + 1) * RATE_HZ / FFT
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    #: Bands narrower than a bin are widened to one, so that none is empty.
    width = RATE_HZ / FFT
    low, high = np.minimum(low, mid - width), np.maximum(high, mid + width)
    return np.maximum(0, np.minimum((hz - low) / (mid - low), (high - hz) / (high - mid))).astype(np.float32)


def dft_kernels():
    n, k = np.arange(FFT), np.arange(FFT // 2 + 1)[:, None]
    window = np.hanning(FFT + 1)[:-1]
    return (np.stack([np.cos(2 * np.pi * k * n / FFT), np.sin(2 * np.pi * k * n / FFT)]) * window).reshape(-1, 1, FFT).astype(np.float32)


class EdgeNet(nn.Module):
    def __init__(self, width=64, track=16, head=48):
        super().__init__()
        self.width, self.track = width, track
        self.register_buffer("dft", torch.tensor(dft_kernels()))
        self.register_buffer("mel", torch.tensor(mel_matrix().T.copy()))
        self.enter = nn.Linear(2 * MELS + HIDDEN, width)
        self.first = nn.GRU(width, width, batch_first=True)
        self.second = nn.GRU(width, width, batch_first=True)
        self.narrow = nn.Linear(2 * width, track)
        self.look_back = nn.Linear(WINDOW_STEPS * track, head)
        self.look_on = nn.Linear(width, head)
        self.leave = nn.Linear(head, 2)
        self.drop = nn.Dropout(0.1)

    @property
    def state_length(self):
        return 2 * self.width + STATE_KEPT * self.track

    def features(self, audio):
        """[rows, CONTEXT + samples] -> [rows, steps, 2 MELS]."""
        parts = torch.nn.functional.conv1d(audio.unsqueeze(1), self.dft, stride=VALUE)
        half = FFT // 2 + 1
        power = parts[:, :half] ** 2 + parts[:, half:] ** 2
        mels = torch.log(power.transpose(1, 2) @ self.mel + 1e-6)
        return mels.reshape(audio.shape[0], -1, 2 * MELS) * 0.2 + 0.6

    def forward(self, audio, hidden, state):
        """audio [rows, CONTEXT + 256 windows], hidden [rows, windows, 128], state [rows, state_length]."""
        w = self.width
        rows = audio.shape[0]
        twice = torch.cat([hidden, hidden], dim=2).reshape(rows, -1, HIDDEN)
        x = torch.relu(self.enter(self.drop(torch.cat([self.features(audio), twice], dim=2))))
        first, first_last = self.first(x, state[:, :w].unsqueeze(0).contiguous())
        second, second_last = self.second(first, state[:, w: 2 * w].unsqueeze(0).contiguous())
        kept = state[:, 2 * w:].reshape(rows, STATE_KEPT, self.track)
        track = torch.cat([kept, torch.tanh(self.narrow(torch.cat([x, first], dim=2)))], dim=1)
        weights = self.look_back.weight.reshape(-1, WINDOW_STEPS, self.track).transpose(1, 2)
        back = torch.nn.functional.conv1d(track.transpose(1, 2), weights, self.look_back.bias).transpose(1, 2)
        logits = self.leave(torch.relu(back + self.look_on(second)))
        new_state = torch.cat([first_last[0], second_last[0], track[:, -STATE_KEPT:].reshape(rows, -1)], dim=1)
        return logits.reshape(rows, -1), new_state
