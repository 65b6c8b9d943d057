#!/usr/bin/env python3
"""Trains the edge model: a small network that tells speech from the rest, frame by frame, from features in a window.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python train.py OUT_DIR VAL.bin TRAIN.bin...

The .bin files come from dumpFeatures.ts. Writes OUT_DIR/weights.bin (float32: for each layer its weights, outputs x inputs,
then its biases) and prints the scores. Same seed, same data: same weights on the same machine.
"""
import hashlib, json, os, sys
import numpy as np
import torch

SEED = 1
FEATURES = 10
OFFSETS = [-30, -22, -16, -11, -8, -5, -3, -2, -1, 0, 1, 2, 3, 5, 8, 11, 16, 22, 30]
HIDDEN = [24, 12]
EPOCHS = 4
BATCH = 4096
DROPOUT = 0.3
WEIGHT_DECAY = 0.01
LEARNING_RATE = 4e-3


def load(path):
    """One array of frames a call: features, echo, speech."""
    x = np.fromfile(path, np.float32).reshape(-1, FEATURES + 3)
    return [x[x[:, -1] == call] for call in np.unique(x[:, -1])]


def windows(features):
    """Frames x (offsets x features); before the call's start and after its end there is nothing (zeros)."""
    reach = max(abs(o) for o in OFFSETS)
    padded = np.pad(features, ((reach, reach), (0, 0)))
    n = len(features)
    return np.concatenate([padded[reach + o : reach + o + n] for o in OFFSETS], 1)


def bridge(mask, gap=20, least=5):
    """The post-processing of the call: pauses under 200 ms bridged, runs under 50 ms dropped."""
    mask = mask.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    runs = edges.reshape(-1, 2)
    for (_, b), (c, _) in zip(runs, runs[1:]):
        if c - b < gap:
            mask[b:c] = 1
    runs = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]]))).reshape(-1, 2)
    for a, b in runs:
        if b - a < least:
            mask[a:b] = 0
    return mask


def f1(mask, truth):
    return 2 * (mask & truth).sum() / max(1, mask.sum() + truth.sum())


def onset_errors(mask, truth):
    starts = lambda m: np.flatnonzero(np.diff(np.concatenate([[0], m.astype(int)])) == 1)
    found = starts(mask)
    if len(found) == 0:
        return []
    return [10 * (found[np.abs(found - t).argmin()] - t) for t in starts(truth)]


def evaluate(net, calls, threshold=0.5):
    scores, errors = [], []
    for call in calls:
        with torch.no_grad():
            p = torch.sigmoid(net(torch.from_numpy(windows(call[:, :FEATURES])))).numpy()[:, 0]
        mask = bridge((p >= threshold) & (call[:, FEATURES] < 0.5))
        truth = call[:, FEATURES + 1] > 0.5
        scores.append(f1(mask, truth))
        errors += onset_errors(mask, truth)
    errors = np.abs(errors)
    return float(np.mean(scores)), float(np.min(scores)), float((errors > 250).mean()), float(np.median(errors))


def main():
    out, val_path, *train_paths = sys.argv[1:]
    torch.manual_seed(SEED)
    np.random.seed(SEED)
    torch.set_num_threads(2)
    val = load(val_path)
    train = [call for path in train_paths for call in load(path)]
    x = torch.from_numpy(np.concatenate([windows(call[:, :FEATURES])[call[:, FEATURES] < 0.5] for call in train]))
    y = torch.from_numpy(np.concatenate([call[call[:, FEATURES] < 0.5, FEATURES + 1] for call in train]))
    sizes = [x.shape[1], *HIDDEN, 1]
    # Few voices and noises are at hand: dropped inputs keep the network from leaning on any one of them.
    layers = [torch.nn.Dropout(DROPOUT)]
    for a, b in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps + 1)
    loss_of = torch.nn.BCEWithLogitsLoss()
    for epoch in range(EPOCHS):
        net.train()
        order = torch.randperm(len(x))
        total = 0.0
        for i in range(len(x) // BATCH):
            rows = order[i * BATCH : (i + 1) * BATCH]
            loss = loss_of(net(x[rows])[:, 0], y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        net.eval()
        mean, least, far, median = evaluate(net, val)
        print(f"epoch {epoch}: loss {total / (len(x) // BATCH):.4f}, val F1 {mean:.4f} (least {least:.3f}), onsets off by more than 250 ms {far:.3f}, median {median:.0f} ms", flush=True)
    os.makedirs(out, exist_ok=True)
    parts = [p.detach().numpy().astype("<f4").tobytes() for layer in net if isinstance(layer, torch.nn.Linear) for p in (layer.weight, layer.bias)]
    blob = b"".join(parts)
    with open(os.path.join(out, "weights.bin"), "wb") as f:
        f.write(blob)
    print(json.dumps({"offsets": OFFSETS, "sizes": sizes, "bytes": len(blob), "sha256": hashlib.sha256(blob).hexdigest()}))


if __name__ == "__main__":
    main()
