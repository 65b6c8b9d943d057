"""Averages the weights of networks that went on from the same one, and exports the mean. Usage: average.py OUT.onnx NETWORK.pt..."""
import sys

import torch

from model import Net, export


def main():
    out, *paths = sys.argv[1:]
    states = [torch.load(path) for path in paths]
    mean = {name: sum(s[name] for s in states) / len(states) if value.is_floating_point() else value for name, value in states[0].items()}
    net = Net()
    net.load_state_dict(mean)
    torch.save(mean, out.replace(".onnx", ".pt"))
    export(net, out)


main()
