"""The network: plain 8 kHz samples in, a value each 160 ms out for intelligibility, garbling and the three P.835 scores.

A row is 640 ms before the window, the window of 1280 ms, and 640 ms after it. Everything is channels last, so that each layer is
one matrix product. The spectrum is a DFT by two half-size products (a frame is folded into its even and its odd part).
"""
import copy
import math

import onnx
import torch
from torch import nn

from labels import mel_matrix

RATE = 8_000
STEP = 1_280                                    # samples in 160 ms
CONTEXT_STEPS, WINDOW_STEPS = 4, 8
ROW_STEPS = 2 * CONTEXT_STEPS + WINDOW_STEPS
ROW = ROW_STEPS * STEP
HOP, SIZE = 128, 256
FRAMES = ROW // HOP
MELS, LOW_BINS = 40, (2, 66)
FLOOR = 1e-7
HEADS = ("intelligibility", "garbled", "signal", "background", "overall")


class FrontEnd(nn.Module):
    """[rows, 20480] -> [rows, 160, 109]: log mel bands, log spectrum below 2 kHz, level each 4 ms, peak each 16 ms."""

    def __init__(self):
        super().__init__()
        n, k = torch.arange(1, SIZE // 2 + 1)[:, None], torch.arange(SIZE // 2 + 1)[None]
        window = torch.hann_window(SIZE)[1 : SIZE // 2 + 1, None] / math.sqrt(torch.hann_window(SIZE).square().sum())
        angle = 2 * math.pi * n * k / SIZE
        self.register_buffer("even", (window * torch.cos(angle)).float())
        self.register_buffer("odd", (window * torch.sin(angle)).float()[:-1])
        self.register_buffer("mel", torch.tensor(mel_matrix(SIZE // 2 + 1, RATE, MELS, 60, 3950).T).float())
        self.register_buffer("backwards", torch.arange(SIZE - 1, SIZE // 2, -1))

    def forward(self, audio):
        x = audio / torch.sqrt((audio * audio).mean(1, keepdim=True).clamp(min=1e-9))
        blocks = torch.nn.functional.pad(x, (HOP, 0)).reshape(-1, FRAMES + 1, HOP)
        first, second = blocks[:, :-1], blocks[:, 1:]
        a, b = first[:, :, 1:], second.index_select(2, self.backwards - HOP)
        even = torch.cat([a + b, second[:, :, :1]], 2) @ self.even
        odd = (a - b) @ self.odd
        power = even * even + odd * odd
        fine = (x * x).reshape(-1, FRAMES, 4, HOP // 4).mean(3)
        peak = x.reshape(-1, FRAMES, HOP).abs().amax(2, keepdim=True)
        values = torch.cat([power @ self.mel, power[:, :, LOW_BINS[0] : LOW_BINS[1]], fine, peak * peak], 2)
        return torch.log(values + FLOOR)


class Block(nn.Module):
    def __init__(self, width, dilation):
        super().__init__()
        self.dilation = dilation
        self.mix = nn.Linear(3 * width, width)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, h):
        d = self.dilation
        padded = nn.functional.pad(h, (0, 0, d, d))
        near = torch.cat([padded[:, : -2 * d], h, padded[:, 2 * d :]], 2)
        return h + torch.relu(self.norm(self.mix(near).transpose(1, 2)).transpose(1, 2))

    def folded(self):
        """The norm as part of the weights."""
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        self.mix.bias.data = (self.mix.bias - self.norm.running_mean) * scale + self.norm.bias
        self.mix.weight.data = self.mix.weight * scale[:, None]
        self.norm = nn.Identity()


class Net(nn.Module):
    """Features to logits [rows, 8, 5]."""

    def __init__(self, features=109, width=64, dilations=(1, 2, 4, 1, 2, 8)):
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.frame = nn.Linear(features, width)
        self.pair = nn.Linear(2 * width, width)
        self.blocks = nn.ModuleList(Block(width, d) for d in dilations)
        self.drop, self.drop_in = nn.Dropout(0.25), nn.Dropout(0.1)
        self.hidden = nn.Linear(6 * width, width)
        self.out = nn.Linear(width, len(HEADS))
        self.width = width

    def forward(self, features):
        h = torch.relu(self.frame((features - self.mean) * self.scale))
        h = self.drop_in(torch.relu(self.pair(h.reshape(-1, FRAMES // 2, 2 * self.width))))
        for block in self.blocks:
            h = block(h)
        steps = h.reshape(-1, ROW_STEPS, FRAMES // 2 // ROW_STEPS * self.width)[:, CONTEXT_STEPS:-CONTEXT_STEPS]
        whole = h.mean(1, keepdim=True).expand(-1, WINDOW_STEPS, -1)
        return self.out(torch.relu(self.hidden(self.drop(torch.cat([steps, whole], 2)))))


class Whole(nn.Module):
    """What is exported: audio in, five outputs."""

    def __init__(self, net):
        super().__init__()
        self.front = FrontEnd()
        self.net = copy.deepcopy(net)
        for block in self.net.blocks:
            block.folded()
        self.eval()

    def forward(self, audio):
        y = torch.sigmoid(self.net(self.front(audio)))
        return y[:, :, 0], y[:, :, 1], 1 + 4 * y[:, :, 2], 1 + 4 * y[:, :, 3], 1 + 4 * y[:, :, 4]


def export(net, path):
    rows = torch.export.Dim("rows", min=1, max=4096)
    program = torch.onnx.export(Whole(net), (torch.zeros(4, ROW),), dynamo=True, opset_version=18, input_names=["audio"],
                                output_names=list(HEADS), dynamic_shapes={"audio": {0: rows}}, verbose=False)
    program.optimize()
    program.save(path, include_initializers=True, external_data=False)
    without_traces(path)


def without_traces(path):
    """The exporter notes where in the source each node came from, with the folders of the machine: none of a model's business."""
    model = onnx.load(path)
    for part in [model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info,
                 *model.graph.initializer]:
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, path)
