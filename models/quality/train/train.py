"""Trains the network on the items of make_items.py and exports it.

Usage: train.py ITEMS.npz HELD_OUT.npz OUT.onnx [--epochs 14] [--seed 1] [--more ITEMS.npz --start OUT.pt --rate 0.003]
  [--told ITEMS.npy --cleaned CLEANED.npz --clips CLIPS.npz --background-share 0.5 --background-weight 1]
`--start` goes on from an earlier network; `--more` adds items of which background and overall are not used, save for the teacher's
background; `--told` is what ask_teacher.py wrote, `--cleaned` what make_items.py --cleaned and `--clips` what clean_clips.py wrote.
"""
import argparse
import time

import numpy as np
import torch

from labels import mel_centres
from model import CONTEXT_STEPS, HEADS, LOW_BINS, MELS, RATE, ROW, SIZE, STEP, WINDOW_STEPS, FrontEnd, Net, export

ROWS_PER_ITEM = 4
LOGIT_MAX = 4.5
# How much of the target is the teacher's, where it was asked: it hears noise well and distortion badly.
TEACHER_SHARE = {2: 0.2, 3: 0.5, 4: 0.35}


def brought_to(labels, teacher):
    """Straight lines that bring the teacher's scores to the mean and spread of the labels: {row: (slope, offset)}."""
    asked, lines = ~np.isnan(teacher[:, 0]), {}
    for row in TEACHER_SHARE:
        known, told = labels[asked, row].mean(1), teacher[asked, row - 2]
        print(HEADS[row], "teacher against construction: r", np.corrcoef(known, told)[0, 1].round(3), "on", asked.sum())
        slope = known.std() / told.std()
        lines[row] = slope, known.mean() - slope * told.mean()
    return lines


def with_teacher(labels, teacher, lines, shares):
    """Labels [items, 6, steps] with the teacher's scores mixed in where it was asked."""
    labels, asked = labels.copy(), ~np.isnan(teacher[:, 0])
    for row, share in shares.items():
        told = np.clip(np.polyval(lines[row], teacher[asked, row - 2]), 1, 5)
        labels[asked, row] = (1 - share) * labels[asked, row] + share * told[:, None]
    return labels


def of_teacher_only(labels, teacher, lines):
    """Labels of items whose own noise is not known: background by the teacher or not at all, overall not at all."""
    labels = labels.copy()
    labels[:, 3] = np.clip(np.polyval(lines[3], teacher[:, 1]), 1, 5)[:, None]
    labels[:, 4] = np.nan
    return labels


def rows_of(z, labels, seed, per_item=ROWS_PER_ITEM):
    """Windows at random steps of each item: (features, targets [rows, 8, 6])."""
    rng = np.random.default_rng(seed)
    front = FrontEnd()
    features, targets = [], []
    for audio, label in zip(z["audio"], labels):
        steps = label.shape[1]
        padded = np.pad(audio[: steps * STEP].astype(np.float32) / 32768, CONTEXT_STEPS * STEP)
        starts = rng.choice(steps - WINDOW_STEPS + 1, per_item, replace=False)
        with torch.no_grad():
            features.append(front(torch.tensor(np.stack([padded[s * STEP : s * STEP + ROW] for s in starts]))).half())
        targets += [label[:, s : s + WINDOW_STEPS].T for s in starts]
    return torch.cat(features), torch.tensor(np.stack(targets))


def recoloured(x):
    """A smooth random filter, added to the log spectra: another microphone each time a row is seen."""
    bins = np.arange(LOW_BINS[0], LOW_BINS[1]) * RATE / SIZE
    f = torch.tensor(np.concatenate([mel_centres(MELS), bins]) / (RATE / 2)).float()
    waves = torch.cos(np.pi * f[None] * torch.arange(1, 6)[:, None])
    x[:, :, : len(f)] += (torch.randn(len(x), 5) * 0.35 @ waves)[:, None]
    return x


def losses(logits, target):
    """One loss a head, each on its scale; a step without speech counts less."""
    weight = 0.3 + 0.7 * target[:, :, 5]
    weighted = lambda v: (v * weight).mean()
    known = target[:, :, 0].clamp(-LOGIT_MAX, LOGIT_MAX)
    intelligibility = torch.nn.functional.smooth_l1_loss(logits[:, :, 0], known, reduction="none", beta=0.5)
    garbled = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, :, 1], target[:, :, 1], reduction="none")
    error = 1 + 4 * torch.sigmoid(logits[:, :, 2:5]) - target[:, :, 2:5]
    scores = torch.where(torch.isnan(error), 0.0, error).square()
    return [weighted(intelligibility) * 0.5, weighted(garbled) * 2] + [weighted(scores[:, :, i]) for i in range(3)]


def report(net, x, y):
    net.eval()
    with torch.no_grad():
        out = torch.cat([net(x[i : i + 256].float()) for i in range(0, len(x), 256)])
    found = [losses(out, y)[i].item() for i in range(5)]
    p = torch.sigmoid(out)
    speech = y[:, :, 5] > 0
    hit, bad = p[:, :, 1] > 0.5, y[:, :, 1] > 0.8
    good = (y[:, :, 1] < 0.1) & speech
    r = [np.corrcoef(out[:, :, i].mean(1), y[:, :, i].mean(1))[0, 1] for i in (0, 2, 3, 4)]
    print("  held out: losses", np.round(found, 3), "r intel sig bak ovrl", np.round(r, 3),
          "garbled steps found %.3f, false %.4f" % ((hit & bad).sum() / bad.sum(), (hit & good).sum() / good.sum()), flush=True)


def training_rows(a, z):
    """(features, targets) of all the items that the arguments name."""
    teacher = np.load(a.told) if a.told else z["teacher"]
    shares = TEACHER_SHARE | {3: a.background_share}
    lines = brought_to(z["labels"], teacher)
    parts = [rows_of(z, with_teacher(z["labels"], teacher, lines, shares), a.seed)]
    if a.more:
        m = np.load(a.more)
        parts.append(rows_of(m, of_teacher_only(m["labels"], m["teacher"], lines), a.seed + 1))
    if a.cleaned:
        c = np.load(a.cleaned)
        parts.append(rows_of(c, with_teacher(c["labels"], c["teacher"], lines, shares), a.seed + 3, 2 * ROWS_PER_ITEM))
    if a.clips:
        clips = np.load(a.clips)
        parts.append(rows_of(clips, clips["labels"], a.seed + 2))
    return [torch.cat(p) for p in zip(*parts)]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("items"); p.add_argument("held_out"); p.add_argument("out")
    p.add_argument("--epochs", type=int, default=14); p.add_argument("--seed", type=int, default=1)
    p.add_argument("--more"); p.add_argument("--start"); p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--told"); p.add_argument("--cleaned"); p.add_argument("--clips")
    p.add_argument("--background-share", type=float, default=TEACHER_SHARE[3])
    p.add_argument("--background-weight", type=float, default=1.0)
    p.add_argument("--width", type=int, default=64); p.add_argument("--batch", type=int, default=96)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(1)
    z, h = np.load(a.items), np.load(a.held_out)
    began = time.time()
    x, y = training_rows(a, z)
    hx, hy = rows_of(h, h["labels"], a.seed, 4)
    print("rows", len(x), f"{time.time() - began:.0f} s")
    net = Net(features=x.shape[2], width=a.width)
    sample = x[torch.randperm(len(x))[:1000]].float().reshape(-1, x.shape[2])
    net.mean, net.scale = sample.mean(0), 1 / sample.std(0)
    if a.start:
        net.load_state_dict(torch.load(a.start))
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.05)
    steps = a.epochs * (len(x) // a.batch)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, a.rate, total_steps=steps + 1)
    weights = (1, 1, 1, a.background_weight, 1)
    for epoch in range(a.epochs):
        net.train()
        order = torch.randperm(len(x))
        total = 0.0
        for i in range(0, len(x) - a.batch + 1, a.batch):
            rows = order[i : i + a.batch]
            loss = sum(w * v for w, v in zip(weights, losses(net(recoloured(x[rows].float())), y[rows])))
            optimiser.zero_grad(); loss.backward(); optimiser.step(); plan.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / (len(x) // a.batch):.4f} {time.time() - began:.0f} s", flush=True)
        if epoch % 2 == 1 or epoch == a.epochs - 1:
            report(net, hx, hy)
    torch.save(net.state_dict(), a.out.replace(".onnx", ".pt"))
    export(net, a.out)


if __name__ == "__main__":
    main()
