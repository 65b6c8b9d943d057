"""Trains the pitch network on a set made by make_set.py and telephone_codecs.py, and prints scores on the held-out speech.

    python train.py SET_DIR --out pitch.pt [--steps 12000] [--batch 32] [--resume pitch.pt]
"""
import argparse
import os
import time

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from augment import Augmenter
from net import BINS, BINS_PER_OCTAVE, CONTEXT, F0_BASE_HZ, FRAME, NEAR_BINS, PitchNet

WINDOW_FRAMES = 64
CONTEXT_FRAMES = CONTEXT // FRAME
ROW_FRAMES = WINDOW_FRAMES + 2 * CONTEXT_FRAMES
BLUR_BINS = 1.2
CODED_SHARE = 0.2
EDGE_FRAMES = 3


class Set:
    def __init__(self, folder, name, seed):
        columns = np.load(os.path.join(folder, f"{name}.npz"))
        self.audio, self.f0 = columns["audio"], columns["f0_hz"]
        self.voicing_weight, self.f0_weight, self.kind = columns["voicing_weight"], columns["f0_weight"], columns["kind"]
        self.voicing_weight = without_blurred_edges(self.f0, self.voicing_weight, self.kind)
        coded = os.path.join(folder, "audio_coded.npy")
        self.coded = np.load(coded) if name == "train" and os.path.exists(coded) else None
        self.rng = np.random.default_rng(seed)

    def rows(self, count):
        return self.at(self.rng.integers(0, len(self.f0) - ROW_FRAMES, count), self.rng.random(count) < CODED_SHARE)

    def at(self, starts, coded):
        frames = starts[:, None] + np.arange(ROW_FRAMES)
        audio = np.stack([
            (self.coded if use and self.coded is not None else self.audio)[s * FRAME:(s + ROW_FRAMES) * FRAME]
            for s, use in zip(starts, coded)]).astype(np.float32) / 32768
        return audio, self.f0[frames], self.voicing_weight[frames].copy(), self.f0_weight[frames].copy(), self.kind[frames]


def without_blurred_edges(f0, voicing_weight, kind):
    """Human labels lose their weight near a change of voicing: the trackers' windows blur it; made speech is exact."""
    changes = np.diff((f0 > 0).astype(np.int8), prepend=np.int8(f0[0] > 0)) != 0
    near = np.convolve(changes, np.ones(2 * EDGE_FRAMES), "full")[EDGE_FRAMES:EDGE_FRAMES + len(f0)] > 0
    return np.where(near & (kind == 0), 0, voicing_weight).astype(np.float32)


def loss_of(net, audio, f0, voiced, voicing_weight, f0_weight):
    logits, voicing = net.scores(audio)
    inner = slice(CONTEXT_FRAMES, -CONTEXT_FRAMES)
    f0, voiced, voicing_weight, f0_weight = (x[:, inner] for x in (f0, voiced, voicing_weight, f0_weight))
    per_frame = binary_cross_entropy_with_logits(voicing, voiced, reduction="none")
    voicing_loss = (per_frame * voicing_weight).sum() / voicing_weight.sum()
    use = (f0_weight * voiced) > 0
    logits, f0 = logits[use], f0[use]
    position = torch.log2(f0 / F0_BASE_HZ) * BINS_PER_OCTAVE
    distance = net.index[None, :] - position[:, None]
    target = torch.softmax(-0.5 * (distance / BLUR_BINS) ** 2, dim=1)
    f0_loss = -(target * torch.log_softmax(logits, dim=1)).sum(1).mean()
    near = torch.abs(distance) <= NEAR_BINS + 0.5
    local = torch.softmax(logits.masked_fill(~near, -1e4), dim=1)
    fine_loss = torch.abs((local * distance).sum(1)).mean()
    return voicing_loss, f0_loss, fine_loss


def batch_tensors(rows, augmenter):
    audio, f0, voicing_weight, f0_weight, _ = rows
    voiced = (f0 > 0).astype(np.float32)
    audio = augmenter(audio, voicing_weight, f0_weight, voiced)
    return [torch.from_numpy(np.ascontiguousarray(x)) for x in (audio, np.maximum(f0, 50), voiced, voicing_weight, f0_weight)]


def scores(net, held_out, augmenter=None):
    """Per kind of speech: voicing error, misses, false alarms, gross errors, fine error."""
    starts = np.arange(0, len(held_out.f0) - ROW_FRAMES, WINDOW_FRAMES)
    found = []
    net.eval()
    with torch.no_grad():
        for part in np.array_split(starts, max(1, len(starts) // 128)):
            audio, f0, voicing_weight, f0_weight, kind = held_out.at(part, np.zeros(len(part), bool))
            if augmenter is not None:
                voiced = (f0 > 0).astype(np.float32)
                audio = augmenter(audio, voicing_weight, f0_weight, voiced)
                f0 = f0 * voiced
            hz, confidence = net(torch.from_numpy(audio))
            inner = slice(CONTEXT_FRAMES, -CONTEXT_FRAMES)
            truth = [x[:, inner].ravel() for x in (f0, voicing_weight, f0_weight, kind)]
            found.append(truth + [hz.numpy().ravel(), confidence.numpy().ravel()])
    f0, voicing_weight, f0_weight, kind, hz, confidence = (np.concatenate(x) for x in zip(*found))
    lines = []
    for k, name in enumerate(["human", "world", "source-filter"]):
        judged = (kind == k) & (voicing_weight > 0)
        truth, said = f0[judged] > 0, confidence[judged] > 0.5
        both = judged & (f0 > 0) & (confidence > 0.5) & (f0_weight > 0)
        cents = 1200 * np.log2(hz[both] / f0[both])
        gross = np.abs(hz[both] / f0[both] - 1) > 0.2
        lines.append(f"{name}: voicing {100 * np.mean(truth != said):.2f} (miss {100 * np.mean(~said[truth]):.1f} false "
                     f"{100 * np.mean(said[~truth]):.1f}) gross {100 * np.mean(gross):.2f} "
                     f"fine {np.median(np.abs(cents[~gross])):.1f} bias {np.median(cents[~gross]):.1f}")
    net.train()
    return "\n    ".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("set_dir")
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--channels", type=int, default=80)
    parser.add_argument("--resume")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    noise = np.load(os.path.join(options.set_dir, "noise.npz"))
    train, held_out = Set(options.set_dir, "train", 6), Set(options.set_dir, "held_out", 7)
    augmenter = Augmenter(noise, 8)
    net = PitchNet(options.channels)
    if options.resume:
        net.load_state_dict(torch.load(options.resume))
    optimizer = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.rate, total_steps=options.steps, pct_start=0.1)
    started, sums = time.process_time(), np.zeros(3)
    for step in range(1, options.steps + 1):
        losses = loss_of(net, *batch_tensors(train.rows(options.batch), augmenter))
        optimizer.zero_grad()
        (losses[0] + 0.25 * losses[1] + 0.05 * losses[2]).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        sums += [loss.item() for loss in losses]
        if step % 250 == 0:
            print(f"{step} voicing {sums[0] / 250:.4f} f0 {sums[1] / 250:.3f} fine {sums[2] / 250:.3f} bins, "
                  f"{time.process_time() - started:.0f} s of CPU", flush=True)
            sums[:] = 0
        if step % 2000 == 0 or step == options.steps:
            torch.save(net.state_dict(), options.out)
            print("  clean\n    " + scores(net, held_out), flush=True)
    print("  augmented\n    " + scores(net, held_out, Augmenter(noise, 9)), flush=True)


if __name__ == "__main__":
    main()
