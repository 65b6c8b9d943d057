"""
python train.py STATISTICS.npz OUT_FOLDER: leave one speaker out, then the ensemble on all.

Each fold trains on the other speakers and is measured on the clip as it is (copy 0) and through lines (the other copies).
The exported ensemble is trained the same way on all speakers; the folds tell what it is worth. Nothing stops early.
"""
import argparse
import json
import os

import numpy as np
import torch
from torch.nn import functional

from net import Head, Statistics

MEMBERS, EXPORTED_MEMBERS, EPOCHS, BATCH, RATE, DECAY = 2, 10, 8, 512, 2e-3, 0.05


def fitted(values, high, weights, seed, members=MEMBERS):
    """A head trained on steps; each utterance weighs alike, each class and speaker too."""
    torch.manual_seed(seed)
    head = Head(members)
    head.mean.copy_(values.mean(dim=0))
    head.scale.copy_(1 / (values.std(dim=0) + 1e-3))
    optimizer = torch.optim.AdamW(head.parameters(), RATE, weight_decay=DECAY)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(values)).split(BATCH):
            logits = head.logits(values[chosen])
            target = (0.05 + 0.9 * high[chosen]).expand_as(logits)
            loss = functional.binary_cross_entropy_with_logits(logits, target, weights[chosen].expand_as(logits))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return head.eval()


def scores_of(head, values, owner, copies, chosen):
    """{(utterance, copy): mean score of its steps}"""
    with torch.no_grad():
        step = torch.sigmoid(head(values)).numpy()
    keys = owner * 1000 + copies
    return {key: step[keys == key].mean() for key in np.unique(keys[chosen])}


def recall(scores, high, at=0.5):
    """Unweighted average recall of high and low."""
    told = np.array([(score > at, high[key // 1000]) for key, score in scores.items()])
    return (told[told[:, 1], 0].mean() + (~told[~told[:, 1], 0]).mean()) / 2


def weights_of(owner, copies, high, speakers):
    keys = owner * 1000 + copies
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    steps = 1 / counts[inverse]
    groups = np.array([f"{speakers[i]} {high[i]}" for i in owner])
    for group in np.unique(groups):
        steps[groups == group] /= steps[groups == group].sum()
    return torch.tensor(steps / steps.mean(), dtype=torch.float32)


def rounded(share):
    return round(float(share), 3)


def left_out(data, values, label, speaker, seed):
    """Scores of one speaker's utterances by a head that has not heard them: as they are, and through lines."""
    owner, copies, high, speakers = data["owner"], data["copies"], data["high"], data["speakers"]
    outside = speakers[owner] == speaker
    inside = ~outside
    head = fitted(values[inside], label[inside], weights_of(owner[inside], copies[inside], high, speakers), seed)
    through = outside & (copies > 0) & (copies % 2 == 0)  # odd copies are of shifted voices
    return (scores_of(head, values, owner, copies, chosen) for chosen in (outside & (copies == 0), through))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("statistics")
    parser.add_argument("out", help="head.pt and scores.json are written here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = dict(np.load(arguments.statistics))
    owner, copies, high, speakers = data["owner"], data["copies"], data["high"], data["speakers"]
    values = torch.tensor(data["values"], dtype=torch.float32)
    label = torch.tensor(high[owner], dtype=torch.float32)
    clean, lines, told = {}, {}, {}
    for seed, speaker in enumerate(np.unique(speakers)):
        as_it_is, through_lines = left_out(data, values, label, speaker, seed)
        told[str(speaker)] = {"uar": rounded(recall(as_it_is, high)), "uarThroughLines": rounded(recall(through_lines, high))}
        print(speaker, told[str(speaker)], flush=True)
        clean |= as_it_is
        lines |= through_lines
    scores = {"utterances": len(clean), "uar": rounded(recall(clean, high)), "uarThroughLines": rounded(recall(lines, high)),
              "bySpeaker": told}
    print(scores)
    os.makedirs(arguments.out, exist_ok=True)
    head = fitted(values, label, weights_of(owner, copies, high, speakers), 99, EXPORTED_MEMBERS)
    torch.save(head.state_dict(), os.path.join(arguments.out, "head.pt"))
    with open(os.path.join(arguments.out, "scores.json"), "w") as out:
        json.dump(scores, out)


if __name__ == "__main__":
    main()
