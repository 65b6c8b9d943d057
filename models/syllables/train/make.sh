#!/bin/sh
# sh make.sh NOISE_FOLDER WORK_FOLDER
set -e
cd "$(dirname "$0")"
python synthesise.py "$2" --share 0.5
python train.py "$2" "$1" "$2/nuclei.pt"
python export.py "$2/nuclei.pt" ../syllables.onnx
