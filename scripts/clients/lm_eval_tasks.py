"""Two lm-eval tasks made from text that the shipped model never saw, run against a server through local-completions.

    pip install "lm-eval[api]"
    python scripts/clients/lm_eval_tasks.py --url http://127.0.0.1:8080 --work DIR

tales_perplexity scores whole held-out documents; its bits_per_byte is comparable with the model card's. tales_ending
asks for the likeliest of four last sentences, of which one is the document's own. Both need echo with logprobs.
"""

import argparse
import json
import random
import re
import subprocess
import sys
from pathlib import Path

GENERATORS = Path(__file__).resolve().parent.parent / "demo-models"
TASKS = {
    "tales_perplexity": """
task: tales_perplexity
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{{{text}}}}"
metric_list:
  - metric: word_perplexity
  - metric: byte_perplexity
  - metric: bits_per_byte
""",
    "tales_ending": """
task: tales_ending
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{beginning}}}}"
target_delimiter: " "
doc_to_choice: "{{{{endings}}}}"
doc_to_target: label
metric_list:
  - metric: acc
""",
}


def held_out(count: int) -> list[str]:
    """The first documents of the held-out shard that the model was evaluated on."""
    sys.path.insert(0, str(GENERATORS))
    from text.assemble import HELD_OUT, documents

    texts = documents(1, HELD_OUT, 10**9)
    return [next(texts) for _ in range(count)]


def endings(texts: list[str], rng: random.Random) -> list[dict]:
    """Documents of one paragraph and several sentences, each with its own last sentence and three of others."""
    split = [re.split(r"(?<=[.!?]) (?=[A-Z])", text) for text in texts if "\n" not in text]
    split = [sentences for sentences in split if len(sentences) >= 3]
    rows = []
    for sentences in split:
        others = rng.sample([other[-1] for other in split if other[-1] != sentences[-1]], 3)
        label = rng.randrange(4)
        choices = others[:label] + [sentences[-1]] + others[label:]
        rows.append({"beginning": " ".join(sentences[:-1]), "endings": choices, "label": label})
    return rows


def write_tasks(work: Path, count: int) -> None:
    work.mkdir(parents=True, exist_ok=True)
    texts = held_out(count)
    rows = {
        "tales_perplexity": [{"text": text} for text in texts],
        "tales_ending": endings(texts, random.Random(1)),
    }
    for name, template in TASKS.items():
        data = work / f"{name}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows[name]), encoding="utf-8")
        (work / f"{name}.yaml").write_text(template.format(data=json.dumps(str(data))), encoding="utf-8")
        print(f"{name}: {len(rows[name])} documents")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--model", default="glossa-tales-q8_0")
    parser.add_argument("--work", type=Path, required=True, help="folder for the tasks and the results")
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--concurrent", type=int, default=4)
    args = parser.parse_args()
    write_tasks(args.work.resolve(), args.documents)
    # The tokenizer is the server's own, by /tokenizer_info and /tokenize.
    model = f"model={args.model},base_url={args.url}/v1/completions,tokenizer_backend=remote"
    model += f",num_concurrent={args.concurrent},max_retries=2,max_length=512"
    command = [sys.executable, "-m", "lm_eval", "--model", "local-completions", "--model_args", model]
    command += ["--tasks", ",".join(TASKS), "--include_path", str(args.work.resolve())]
    sys.exit(subprocess.run([*command, "--batch_size", "8"]).returncode)


if __name__ == "__main__":
    main()
