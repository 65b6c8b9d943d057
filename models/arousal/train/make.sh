#!/bin/sh
# sh make.sh EMODB_FOLDER NOISE_FOLDER WORK_FOLDER
set -e
cd "$(dirname "$0")"
python statistics_of.py "$1" "$2" "$3/emodb.npz" --copies 10
python train.py "$3/emodb.npz" "$3"
python export.py "$3" ../arousal.onnx
