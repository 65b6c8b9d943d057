"""The network: log-mel frames through dilated convolutions to the probability of a nucleus' centre in each 10 ms."""
import torch
from torch import nn

from frontend import HOP, LogMel

WINDOW_MS, BEFORE_MS, AFTER_MS = 1280, 320, 320
BEFORE, WINDOW, AFTER = (ms * 8 for ms in (BEFORE_MS, WINDOW_MS, AFTER_MS))
ROW = BEFORE + WINDOW + AFTER
BANDS, CHANNELS = 24, 40


class Block(nn.Module):
    def __init__(self, dilation):
        super().__init__()
        self.conv = nn.Conv1d(CHANNELS, CHANNELS, 5, dilation=dilation, padding=2 * dilation)
        self.norm = nn.BatchNorm1d(CHANNELS)

    def forward(self, x):
        return x + torch.relu(self.norm(self.conv(x)))


class Nuclei(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = LogMel(BANDS)
        self.norm = nn.BatchNorm1d(BANDS)
        self.first = nn.Conv1d(BANDS, CHANNELS, 5, padding=2)
        self.blocks = nn.Sequential(*(Block(dilation) for dilation in (1, 2, 4, 4)))
        self.last = nn.Conv1d(CHANNELS, 1, 1)

    def logits(self, audio):
        x = torch.relu(self.first(self.norm(self.features(audio))))
        x = self.last(self.blocks(x))[:, 0]
        return x[:, BEFORE // HOP : (BEFORE + WINDOW) // HOP]

    def forward(self, audio):
        return torch.sigmoid(self.logits(audio))
