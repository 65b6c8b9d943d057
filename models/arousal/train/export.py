"""python export.py FOLDER_OF_HEAD OUT.onnx: the graph, checked against the network, and the scores into the card beside it."""
import argparse
import hashlib
import json
import os

import numpy as np
import onnxruntime
import torch

from net import ROW, Arousal, Head
from train import EXPORTED_MEMBERS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("out")
    arguments = parser.parse_args()
    head = Head(EXPORTED_MEMBERS)
    head.load_state_dict(torch.load(os.path.join(arguments.folder, "head.pt")))
    net = Arousal(head).eval()
    torch.onnx.export(net, (torch.zeros(2, ROW),), arguments.out, input_names=["audio"], output_names=["arousal"],
                      opset_version=17, dynamic_axes={"audio": {0: "rows"}, "arousal": {0: "rows"}}, dynamo=False)
    audio = np.random.default_rng(1).standard_normal((5, ROW)).astype(np.float32) * 0.05
    audio[0] = 0
    told = onnxruntime.InferenceSession(arguments.out).run(None, {"audio": audio})[0]
    with torch.no_grad():
        assert np.abs(told - net(torch.tensor(audio)).numpy()).max() < 1e-4
    assert np.isfinite(told).all()
    card_path = os.path.join(os.path.dirname(arguments.out) or ".", "card.json")
    with open(card_path) as file:
        card = json.load(file)
    with open(arguments.out, "rb") as file:
        card["sha256"] = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(arguments.folder, "scores.json")) as file:
        card["scores"]["emodbLeaveOneSpeakerOut"] = json.load(file)
    with open(card_path, "w") as file:
        json.dump(card, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
