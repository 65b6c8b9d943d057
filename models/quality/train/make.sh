#!/bin/sh
# Makes models/quality from the data in one go: make.sh DATA DNSMOS.onnx [WORK_DIR]. Under two hours on two cores.
set -eu
cd "$(dirname "$0")"
data=$1 teacher=$2 work=${3:-work}
mkdir -p "$work"
python tts.py "$work/tts"
python make_items.py "$work/train.npz" --data "$data" --count 3400 --seed 11 --tts "$work/tts" --teacher "$teacher"
python make_items.py "$work/more.npz" --data "$data" --count 2600 --seed 1 --tts "$work/tts" --teacher "$teacher"
python make_items.py "$work/held-out.npz" --data "$data" --count 240 --seed 12 --held-out
python train.py "$work/train.npz" "$work/held-out.npz" "$work/first.onnx" --epochs 14 --seed 1
python train.py "$work/train.npz" "$work/held-out.npz" "$work/second.onnx" --epochs 4 --seed 3 --rate 0.0012 \
  --start "$work/first.pt" --more "$work/more.npz"
python ask_teacher.py "$work/train.npz" "$work/told.npy" --teacher "$teacher" --kinds p835
python make_items.py "$work/cleaned.npz" --data "$data" --count 400 --seed 31 --tts "$work/tts" --teacher "$teacher" --cleaned
python clean_clips.py "$work/clips.npz" --data "$data"
go_on() {
  python train.py "$work/train.npz" "$work/held-out.npz" "$1" --rate 0.0012 --start "$work/second.pt" --more "$work/more.npz" \
    --told "$work/told.npy" --cleaned "$work/cleaned.npz" --clips "$work/clips.npz" --background-weight 2 \
    --epochs "$2" --seed "$3" --background-share "$4"
}
go_on "$work/a.onnx" 5 5 0.8
go_on "$work/b.onnx" 4 6 0.5
python average.py "$work/quality.onnx" "$work/a.pt" "$work/b.pt"
python card.py "$work/quality.onnx"
