"""Puts a finished model beside its card, and its hash and scores into the card. Usage: card.py MODEL.onnx [SCORES.json]"""
import hashlib
import json
import os
import shutil
import sys

MODEL_DIR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def main():
    target = os.path.join(MODEL_DIR, "quality.onnx")
    if os.path.abspath(sys.argv[1]) != os.path.abspath(target):
        shutil.copy(sys.argv[1], target)
    path = os.path.join(MODEL_DIR, "card.json")
    with open(path) as f:
        card = json.load(f)
    with open(target, "rb") as f:
        card["sha256"] = hashlib.sha256(f.read()).hexdigest()
    if len(sys.argv) > 2:
        with open(sys.argv[2]) as f:
            card["scores"] = json.load(f)
    with open(path, "w") as f:
        json.dump(card, f, indent=2, ensure_ascii=False)
        f.write("\n")


main()
