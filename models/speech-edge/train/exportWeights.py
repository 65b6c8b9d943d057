#!/usr/bin/env python3
"""Turns weights.bin into core/conversation/edgeModelWeights.ts: exportWeights.py WEIGHTS.bin OUT.ts"""
import base64, sys
from train import HIDDEN, FEATURES, OFFSETS

blob = open(sys.argv[1], "rb").read()
sizes = [FEATURES * len(OFFSETS), *HIDDEN, 1]
with open(sys.argv[2], "w") as f:
    f.write("/** Weights of the edge model, written by models/speech-edge/train/exportWeights.py; card and scores lie in models/speech-edge. */\n")
    f.write("export const EDGE_MODEL = {\n")
    f.write("  /** Frames around the one in question whose features go in. */\n")
    f.write(f"  offsets: {OFFSETS},\n  sizes: {sizes},\n")
    f.write("  weightsBase64:\n    '" + base64.b64encode(blob).decode() + "',\n} as const;\n")
