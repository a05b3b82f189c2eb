#!/bin/sh
# Makes models/glossa-tales from nothing. Usage: [PYTHON=python3] ./glossa-tales.sh WORK_DIR MODEL_DIR
set -eu

work=$(mkdir -p "$1" && cd "$1" && pwd)
model=$(mkdir -p "$2" && cd "$2" && pwd)
case ${PYTHON:=python3} in
*/*) PYTHON=$(cd "$(dirname "$PYTHON")" && pwd)/$(basename "$PYTHON") ;;
esac
cd "$(dirname "$0")"

"$PYTHON" -m text.assemble --seed 1 --shards 12 --mb-per-shard 16 --held-out-mb 1 --out "$work/text"
"$PYTHON" train_tokenizer.py --text "$work/text" --vocab 2816 --out "$model"
"$PYTHON" train_gpt2.py --text "$work/text" --tokenizer "$model" --work "$work/run" \
    --layers 5 --width 256 --heads 8 --batch-tokens 8192 --steps 2500 --rate 2e-3 --seed 1
"$PYTHON" export.py --work "$work/run" --out "$model"
"$PYTHON" evaluate.py --model "$model" --text "$work/text" --samples
