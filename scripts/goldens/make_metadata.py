"""Make the goldens of `general.*` metadata: what gguf-py reads out of names, model cards and sampling settings.

python make_metadata.py [--source LLAMA_CPP]
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from files import GOLDENS, llama_source, write_golden
from reference import Reference

CARDS = {
    "plain": "---\nlicense: mit # free\nlanguage:\n- en\n- no\ntags: [gpt2, stories]\npipeline_tag: text-generation\n---\nlicense: none\n",
    "llama.cpp's own keys": "---\nname: My Model\nauthor: Me\nversion: v1.10\norganization: My Org\ndescription: >-\n  Folded\n  text\nfinetune: Chat\nbasename: Mine\nsize_label: 3B\nurl: https://example.com\ndoi: 10.1/x\nuuid: 0b0d\nrepo_url: https://example.com/repo\n---\n",
    "with model_": "---\nmodel_name: \"My Model\"\nmodel_author: Me\nmodel_version: v1.0\nmodel_organization: 'My Org'\nmodel_description: |\n  Two\n  lines\nmodel_finetune: chat\nmodel_basename: Mine\nmodel_size_label: 3B\nmodel_url: u\nmodel_doi: d\nmodel_uuid: i\nmodel_repo_url: r\n---\n",
    "creator and type": "---\nmodel_creator: Somebody\nmodel_name: Some Model 7B\nmodel_type: llama\nquantized_by: Nobody\n---\n",
    "licences": "---\nlicense: [apache-2.0, mit]\nlicense_name: own-licence\nlicense_link: https://example.com/LICENSE\nlanguages: [en]\nlanguage: de\n---\n",
    "one base model": "---\nbase_model: meta-org/Base-Model-7B-v1.5\nbase_model_relation: adapter\ndatasets: example-org/tiny-stories\n---\n",
    "base models": "---\nbase_model:\n- org/first-7b-chat\n- https://huggingface.co/other-org/Second-v2\n- https://example.com/third\n- ssh://example.com/fourth\n- plain-name\n- a sentence of words\n- name: Fifth\n  author: A\n  version: v3\n  organization: O\n  description: D\n  url: U\n  doi: DOI\n  uuid: UUID\n  repo_url: R\n  other: x\n---\n",
    "other keys of lineage": "---\nbase_models: [org/one]\nbase_model_sources: [org/two]\ndataset_sources: [org/three]\n---\n",
    "empty lineage": "---\nbase_model: []\ndatasets:\n---\n",
    "datasets": "---\ndatasets:\n- HuggingFaceH4/ultrachat_200k\n- https://huggingface.co/datasets/example-org/more\n- name: Hand-made\n  description: d\n---\n",
    "nested and unused": '---\nmodel-index:\n- name: nested\n  results:\n  - task: {type: t}\nwidget:\n- text: "a: b"\n  example_title: x\nlibrary_name: transformers\nanchors: &a [x]\nalias: *a\n---\n',
    "tabs": "---\nbase_model:\n\t- org/tabbed\nlicense: mit\n---\n",
    "no end": "---\nlicense: mit\n",
    "no front matter": "# Title\nlicense: mit\n",
    "a list": "---\n- license\n- mit\n---\n",
    "empty": "---\n---\n",
    "nulls": "---\nname: ~\nmodel_name: Named\nlicense: null\ntags:\nlanguage: []\n---\n",
}

NAMES = [
    "gpt2",
    "glossa-tales",
    "TinyLlama-1.1B-Chat-v1.0",
    "bloom-7b1",
    "model-128k-7B",
    "gpt2-medium-355M",
    "Mistral-7B-Instruct-v0.2",
    "Qwen2.5-0.5B-Instruct",
    "Phi-3-mini-4k-instruct",
    "gemma-2-2b-it",
    "Mixtral-8x7B-v0.1",
    "chinese-alpaca-2-lora-7b",
    "x-lora",
    "Meta-Llama-3.1-8B",
    "v1-7B-chat",
    "stories15M",
    "a--b",
    "model_7b-q4_0-vision",
    "iter2-small-large-2B",
    "Qwen3-30B-A3B-2507",
    "pythia-70m",
]
IDS = [
    "me/my-model",
    "/home/me/my-model",
    "./my-model",
    "../my-model",
    "me/",
    "a model of mine",
    "org/Name-7B-chat-v2",
    "",
]
GENERATIONS = [
    {"top_k": 50, "top_p": 0.95, "min_p": 0.05, "temperature": 0.7, "repetition_penalty": 1.2},
    {
        "penalty_repeat": 1.3,
        "repetition_penalty": 1.2,
        "penalty_last_n": 64,
        "mirostat": 2,
        "mirostat_tau": 5.0,
        "mirostat_eta": 0.1,
    },
    {
        "sequence": "top_k;temperature",
        "xtc_probability": 0.5,
        "xtc_threshold": 0.1,
        "temperature": 1,
        "eos_token_id": [1, 2],
    },
]
#: Elements of all tensors; negative for an adapter.
PARAMETERS = [7_000_000_000, 1_100_048_384, 123_456, -20_000_000]


def cases() -> list[dict[str, Any]]:
    listed = [{"title": f"card: {title}", "files": {"README.md": card}} for title, card in CARDS.items()]
    listed += [
        {"title": f"folder {name}, {n}", "folder": name, "parameters": n}
        for name in NAMES
        for n in PARAMETERS
    ]
    listed += [
        {"title": f"id {id_!r}", "files": {"config.json": json.dumps({"_name_or_path": id_})}} for id_ in IDS
    ]
    listed += [
        {"title": f"sampling {i}", "files": {"generation_config.json": json.dumps(g)}}
        for i, g in enumerate(GENERATIONS)
    ]
    return [{"folder": "my-folder", "parameters": 7_000_000_000, "files": {}, **case} for case in listed]


def expected(gguf: Any, case: dict[str, Any]) -> list[list[Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / case["folder"]
        folder.mkdir()
        for name, text in case["files"].items():
            (folder / name).write_text(text)
        metadata = gguf.Metadata.load(None, folder, None, case["parameters"])
    if metadata.name is None:
        metadata.name = case["folder"]
    if metadata.size_label is None and case["parameters"] > 0:
        metadata.size_label = gguf.size_label(case["parameters"], 0, 0, 0)
    writer = gguf.GGUFWriter(None, "llama")
    metadata.set_gguf_meta_model(writer)
    entries = writer.kv_data[0].items()
    named = [(key, value) for key, value in entries if key != "general.architecture"]
    kinds = {"array": "array:string"}
    return [[key, kinds.get(v.type.name.lower(), v.type.name.lower()), v.value] for key, v in named]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", type=Path, default=Path(tempfile.gettempdir()) / "glossa-goldens-llama.cpp"
    )
    args = parser.parse_args()
    Reference(llama_source(args.source))
    import gguf

    made = [{**case, "expected": expected(gguf, case)} for case in cases()]
    write_golden(GOLDENS / "metadata.json", made, depth=1)
    print(f"{len(made)} cases of metadata")


if __name__ == "__main__":
    main()
