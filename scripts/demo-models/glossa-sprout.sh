#!/bin/sh
# Makes models/glossa-sprout and models/glossa-sprout-alpaca from nothing.
# Usage: [PYTHON=python3] ./glossa-sprout.sh WORK_DIR MODEL_DIR ADAPTER_DIR
set -eu

work=$(mkdir -p "$1" && cd "$1" && pwd)
model=$(mkdir -p "$2" && cd "$2" && pwd)
adapter=$(mkdir -p "$3" && cd "$3" && pwd)
case ${PYTHON:=python3} in
*/*) PYTHON=$(cd "$(dirname "$PYTHON")" && pwd)/$(basename "$PYTHON") ;;
esac
cd "$(dirname "$0")"

base() {
    "$PYTHON" train_llama.py --tokenizer "$model" --work "$work/base" --seed 2 \
        --layers 5 --width 256 --hidden 512 --heads 8 --kv-heads 4 \
        --batch-tokens 4096 --steps 1200 --rate 2e-3 "$@"
}

"$PYTHON" -m lessons.assemble --mixture reading --seed 2 --shards 8 --mb-per-shard 9 \
    --held-out-mb 0.5 --out "$work/reading"
"$PYTHON" -m lessons.assemble --mixture counting --seed 3 --shards 5 --mb-per-shard 5 \
    --held-out-mb 0.3 --out "$work/counting"
"$PYTHON" train_sentencepiece.py --text "$work/reading" --vocab 2048 --sample-mb 5 --out "$model"
base --text "$work/reading" --stop 750
base --text "$work/counting"
"$PYTHON" export_llama.py --work "$work/base" --tokenizer "$model" --out "$model"
"$PYTHON" evaluate.py --model "$model" --text "$work/reading" --samples
"$PYTHON" evaluate_facts.py --model "$model"

"$PYTHON" -m lessons.instructions --seed 2 --count 100000 --out "$work/instructions"
"$PYTHON" train_lora.py --model "$model" --instructions "$work/instructions" --work "$work/lora" \
    --rank 32 --alpha 64 --rows 12 --steps 1750 --fall 0.4 --warmup 30 --rate 2e-3 --seed 2
"$PYTHON" export_lora.py --model "$model" --work "$work/lora" --base-name glossa-sprout --out "$adapter"
"$PYTHON" evaluate_instructions.py --model "$model" --adapter "$adapter" \
    --instructions "$work/instructions" --samples
"$PYTHON" evaluate_instructions.py --model "$model" --samples
