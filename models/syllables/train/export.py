"""python export.py NUCLEI.pt OUT.onnx: the graph, checked against the network; its hash goes into the card beside it."""
import argparse
import hashlib
import json
import os

import numpy as np
import onnxruntime
import torch

from net import ROW, Nuclei


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights")
    parser.add_argument("out")
    arguments = parser.parse_args()
    net = Nuclei()
    net.load_state_dict(torch.load(arguments.weights))
    net.eval()
    torch.onnx.export(net, (torch.zeros(2, ROW),), arguments.out, input_names=["audio"], output_names=["nucleus"],
                      opset_version=17, dynamic_axes={"audio": {0: "rows"}, "nucleus": {0: "rows"}}, dynamo=False)
    audio = np.random.default_rng(1).standard_normal((5, ROW)).astype(np.float32) * 0.05
    audio[0] = 0
    told = onnxruntime.InferenceSession(arguments.out).run(None, {"audio": audio})[0]
    with torch.no_grad():
        assert np.abs(told - net(torch.tensor(audio)).numpy()).max() < 1e-4
    assert np.isfinite(told).all()
    print("greatest probability in digital silence", told[0].max(), "in white noise", told[1:].max())
    card_path = os.path.join(os.path.dirname(arguments.out) or ".", "card.json")
    with open(card_path) as file:
        card = json.load(file)
    with open(arguments.out, "rb") as file:
        card["sha256"] = hashlib.sha256(file.read()).hexdigest()
    with open(card_path, "w") as file:
        json.dump(card, file, indent=2, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
