"""Trains the edge model on freshly mixed stretches.

Usage: train.py SOUNDS.npz OUT.pt --silero silero_vad.onnx [--minutes 15] [--seed 1] [--seconds 8] [--start FROM.pt] [--rate 3e-3]
                [--calls DIR]
SOUNDS.npz comes from sounds.py. Some of every batch is new, the rest comes from the stretches of the last few minutes;
of each the network reads a part of --seconds.
What is kept is the running mean of the weights. With --start training goes on from weights that another run left; with
--calls it ends by measuring frames on labelled calls (see measure.py).
"""
import argparse, time
import numpy as np
import torch
from measure import measure
from mix import Mixer, Sounds
from network import CONTEXT, DELAY_STEPS, EdgeNet
from silero import Silero

NEW, BATCH, POOL = 6, 32, 900
WINDOW_SAMPLES = 256
VALUES_A_WINDOW = 4
MEAN_KEEPS, MEAN_FROM = 0.97, 30


def delayed(values):
    """What a step tells was DELAY_STEPS ago; nothing is asked of the first ones."""
    late = torch.zeros_like(values)
    late[:, 2 * DELAY_STEPS:] = values[:, : -2 * DELAY_STEPS]
    return late


class Pool:
    def __init__(self, mixer, silero, seed, seconds):
        self.mixer, self.silero, self.rng, self.kept = mixer, silero, np.random.default_rng(seed), []
        self.windows = int(seconds * 8000) // WINDOW_SAMPLES

    def add(self, count):
        drawn = [self.mixer.draw() for _ in range(count)]
        _, hidden = self.silero.hear(np.stack([audio for audio, _, _ in drawn]))
        self.kept = (self.kept + [(*one, h.astype(np.float16)) for one, h in zip(drawn, hidden)])[-POOL:]

    def part(self, audio, label, weight, hidden):
        first = self.rng.integers(len(hidden) - self.windows + 1)
        cut = lambda signal, each: signal[first * each: (first + self.windows) * each]
        return cut(audio, WINDOW_SAMPLES), cut(label, VALUES_A_WINDOW), cut(weight, VALUES_A_WINDOW), cut(hidden, 1)

    def batch(self):
        self.add(NEW if self.kept else BATCH)
        old = self.rng.integers(max(1, len(self.kept) - NEW), size=BATCH - NEW)
        items = [self.part(*item) for item in self.kept[-NEW:] + [self.kept[k] for k in old]]
        return [torch.from_numpy(np.stack([np.float32(item[k]) for item in items])) for k in range(4)]


def train(net, pool, minutes, rate_max, save):
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate_max, weight_decay=1e-3)
    mean = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(MEAN_KEEPS))
    started, step, shown = time.time(), 0, []
    while (passed := (time.time() - started) / 60 / minutes) < 1:
        warm = min(1, (step + 1) / 20)
        for group in optimizer.param_groups:
            group["lr"] = warm * rate_max * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * passed)))
        audio, label, weight, hidden = pool.batch()
        logits, _ = net(torch.nn.functional.pad(audio, (CONTEXT, 0)), hidden, torch.zeros(len(audio), net.state_length))
        known = delayed(weight)
        loss = (torch.nn.functional.binary_cross_entropy_with_logits(logits, delayed(label), reduction="none") * known).sum() / known.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if step >= MEAN_FROM:
            mean.update_parameters(net)
        shown.append(loss.item())
        step += 1
        if step % 25 == 0:
            print(f"step {step} {time.time() - started:.0f} s loss {np.mean(shown[-25:]):.4f}", flush=True)
            save(mean.module)
    save(mean.module)
    return mean.module


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sounds")
    parser.add_argument("out")
    parser.add_argument("--silero", required=True)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--start")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--calls")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    silero = Silero(args.silero)
    net = EdgeNet()
    if args.start:
        net.load_state_dict(torch.load(args.start))
    pool = Pool(Mixer(Sounds(args.sounds), args.seed), silero, args.seed, args.seconds)
    net = train(net, pool, args.minutes, args.rate, lambda model: torch.save(model.state_dict(), args.out))
    if args.calls:
        measure(net, silero, args.calls)


if __name__ == "__main__":
    main()
