"""
python train.py DATA_FOLDER NOISE_FOLDER OUT.pt [--epochs 40]: trains on what synthesise.py made.

Synthetic rows: cross entropy against a bump of 2 frames' deviation on each nucleus' centre. Human utterances: the sum of
the bumps against the number of syllables of the text, which needs no times.
"""
import argparse
import os
import random
import time

import numpy as np
import torch
from torch.nn import functional

from augment import line
from net import AFTER, BEFORE, ROW, WINDOW, Nuclei
from frontend import HOP
from noises import noises_of

BUMP_FRAMES = 2.0
BUMP_AREA = BUMP_FRAMES * np.sqrt(2 * np.pi)
BATCH_UTTERANCES = 24
HUMAN_DEV = "asterisk it"
HUMAN_WEIGHT = 0.3


def utterances(path):
    data = dict(np.load(path))  # read once: a lazy archive reads an array at each mention
    starts = np.concatenate([[0], data["ends"][:-1]])
    centres = np.split(data["centres"], np.cumsum(data["counts"])[:-1]) if "centres" in data else [None] * len(starts)
    for start, end, count, voice, at in zip(starts, data["ends"], data["counts"], data["voices"], centres):
        yield data["audio"][start:end].astype(np.float32) / 32768, at, int(count), str(voice)


def rows_of(samples, lead):
    """The utterance, `lead` samples into the grid of windows, as rows with their context."""
    windows = -(-(lead + len(samples)) // WINDOW)
    padded = np.zeros(BEFORE + windows * WINDOW + AFTER, np.float32)
    padded[BEFORE + lead : BEFORE + lead + len(samples)] = samples
    return np.stack([padded[i * WINDOW : i * WINDOW + ROW] for i in range(windows)])


def targets_of(centres, lead, windows):
    frames = (np.arange(windows * WINDOW // HOP) + 0.5) * HOP / 8000
    at = np.asarray(centres) + lead / 8000
    bumps = np.exp(-(((frames[:, None] - at[None]) * 100 / BUMP_FRAMES) ** 2) / 2)
    return bumps.max(axis=1).reshape(windows, -1).astype(np.float32)


def batch_of(chosen, rng, noises):
    """-> rows, targets (NaN where only the count is known), utterance of each row, counts."""
    rows, targets, owner, counts = [], [], [], []
    for samples, centres, count, _ in chosen:
        edge = np.zeros(rng.integers(0, WINDOW), np.float32)
        padded = np.concatenate([edge, samples, np.zeros(rng.integers(0, 4000), np.float32)])
        heard = rows_of(line(padded, rng, noises), 0)
        known = centres is not None
        targets.append(targets_of(centres, len(edge), len(heard)) if known else np.full((len(heard), 128), np.nan, np.float32))
        owner += [len(counts)] * len(heard)
        counts.append(-1 if known else count)
        rows.append(heard)
    return (torch.tensor(np.concatenate(values)) for values in (rows, targets, [owner], [counts]))


def loss_of(net, rows, targets, owner, counts):
    logits = net.logits(rows)
    known = ~torch.isnan(targets[:, 0])
    loss = functional.binary_cross_entropy_with_logits(logits[known], targets[known]) if known.any() else 0
    sums = torch.zeros(len(counts)).index_add(0, owner, torch.sigmoid(logits).sum(dim=1)) / BUMP_AREA
    human = counts >= 0
    if human.any():
        error = torch.log((sums[human] + 0.5) / (counts[human] + 0.5))
        loss = loss + HUMAN_WEIGHT * functional.huber_loss(error, torch.zeros_like(error), delta=0.1)
    return loss


def peaks(probability, threshold=0.35, apart=5):
    """As core/voice/syllableRate.ts picks them: local maxima over the threshold, at least `apart` frames from each other."""
    best = []
    for i in np.argsort(-probability):
        if probability[i] < threshold:
            break
        if probability[max(0, i - 1) : i + 2].max() == probability[i] and all(abs(i - j) >= apart for j in best):
            best.append(i)
    return np.sort(best)


def counted(net, samples):
    with torch.no_grad():
        return net(torch.tensor(rows_of(samples, 0))).numpy().ravel()


def report(net, items, name):
    net.eval()
    errors = {threshold: [] for threshold in (0.25, 0.3, 0.35, 0.4, 0.45)}
    sums = []
    for samples, _, count, _ in items:
        probability = counted(net, samples)
        sums.append(probability.sum() / BUMP_AREA / count - 1)
        for threshold in errors:
            errors[threshold].append(len(peaks(probability, threshold)) / count - 1)
    told = " ".join(f"{t}: {np.mean(np.abs(e)):.3f} ({np.mean(e):+.3f})" for t, e in errors.items())
    print(f"  {name} n={len(items)} by sum {np.mean(np.abs(sums)):.3f} ({np.mean(sums):+.3f}) by peaks {told}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("noise")
    parser.add_argument("out")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--utterances", type=int, default=1000, help="drawn for each epoch")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    rng, order = np.random.default_rng(arguments.seed), random.Random(arguments.seed)
    noises = list(noises_of(arguments.noise))
    train = list(utterances(os.path.join(arguments.data, "train.npz")))
    people = list(utterances(os.path.join(arguments.data, "human.npz")))
    human_dev = [item for item in people if item[3] == HUMAN_DEV][:100]
    train += [item for item in people if item[3] != HUMAN_DEV]
    dev = list(utterances(os.path.join(arguments.data, "dev.npz")))
    net = Nuclei()
    batches = min(arguments.utterances, len(train)) // BATCH_UTTERANCES
    steps = arguments.epochs * batches
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps + 1)
    for epoch in range(arguments.epochs):
        net.train()
        order.shuffle(train)
        began, total = time.time(), 0.0
        for i in range(0, batches * BATCH_UTTERANCES, BATCH_UTTERANCES):
            rows, targets, owner, counts = batch_of(train[i : i + BATCH_UTTERANCES], rng, noises)
            loss = loss_of(net, rows, targets, owner, counts)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(epoch, round(total / batches, 4), round(time.time() - began), "s", flush=True)
        if epoch % 3 == 2 or epoch == arguments.epochs - 1:
            report(net, dev, "dev")
            report(net, human_dev, "human dev")
            torch.save(net.state_dict(), arguments.out)


if __name__ == "__main__":
    main()
