#!/bin/sh
# make.sh SET_DIR DATA_ROOT SWIFT_ONNX: from recordings to ../pitch.onnx and its sha256 in ../card.json.
# Trained first on the set as it is, then on with a fifth of the rows through codecs.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}
export OMP_NUM_THREADS=1
"$python" make_set.py --data-root "$2" --swift "$3" --out "$1"
"$python" train.py "$1" --out "$1/first.pt" --steps 2500
"$python" telephone_codecs.py "$1"
"$python" train.py "$1" --out "$1/pitch.pt" --steps 4500 --rate 1.5e-3 --resume "$1/first.pt"
"$python" export.py "$1/pitch.pt" --out ../pitch.onnx --card ../card.json
