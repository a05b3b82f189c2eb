"""Byte-level BPE fixtures: GPT-2's, LLaMA 3's, Qwen 2's and GPT-NeoX's ways of cutting text."""

import json
from pathlib import Path
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from files import write_json
from texts import TRAINING

LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_PATTERN = LLAMA3_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3_TEMPLATE = (
    "{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    " + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
)


def split_by(pattern: str) -> pre_tokenizers.PreTokenizer:
    """A pattern of its own before the byte-level alphabet, as LLaMA 3 and Qwen 2 have it."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def train(pre_tokenizer: pre_tokenizers.PreTokenizer, size: int, **model: Any) -> Tokenizer:
    """A byte-level BPE of `size` tokens, special ones not counted."""
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TRAINING], trainer)
    assert tokenizer.get_vocab_size() == size
    return tokenizer


def special(content: str) -> AddedToken:
    return AddedToken(content, special=True, normalized=False)


def save(tokenizer: Tokenizer, folder: Path, settings: dict[str, Any]) -> None:
    """tokenizer.json and tokenizer_config.json with the added tokens spelt out, as transformers saves them."""
    described = json.loads(tokenizer.to_str())
    write_json(folder / "tokenizer.json", described)
    decoder = {
        str(token["id"]): {key: value for key, value in token.items() if key != "id"}
        for token in described["added_tokens"]
    }
    write_json(folder / "tokenizer_config.json", {"added_tokens_decoder": decoder, **settings})


def gpt2(folder: Path) -> None:
    """GPT-2's: one special token with the last id."""
    tokenizer = train(pre_tokenizers.ByteLevel(add_prefix_space=False), 399)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    end = "<|endoftext|>"
    tokenizer.add_special_tokens([special(end)])
    names = {"bos_token": end, "eos_token": end, "unk_token": end}
    save(tokenizer, folder, {"add_prefix_space": False, **names, "tokenizer_class": "GPT2Tokenizer"})


def gpt2_files(folder: Path) -> None:
    """The same tokenizer in the old files only: vocab.json and merges.txt."""
    source = json.loads((folder.parent / "gpt2" / "tokenizer.json").read_text())
    end = "<|endoftext|>"
    vocabulary = {**source["model"]["vocab"], end: source["added_tokens"][0]["id"]}
    write_json(folder / "vocab.json", vocabulary)
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in source["model"]["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    names = {"bos_token": end, "eos_token": end, "unk_token": end}
    write_json(
        folder / "tokenizer_config.json",
        {"add_prefix_space": False, **names, "tokenizer_class": "GPT2Tokenizer", "model_max_length": 64},
    )


def llama3(folder: Path) -> None:
    """LLaMA 3's: whole words before merges, a template that puts the first token, reserved tokens."""
    tokenizer = train(split_by(LLAMA3_PATTERN), 400, ignore_merges=True)
    begin = "<|begin_of_text|>"
    names = [
        begin,
        "<|end_of_text|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eot_id|>",
        "<|reserved_0|>",
    ]
    tokenizer.add_special_tokens([special(name) for name in names])
    tokenizer.add_tokens([AddedToken("<tool>", special=False, normalized=False)])
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(
                single=f"{begin} $A",
                pair=f"{begin} $A {begin} $B:1",
                special_tokens=[(begin, tokenizer.token_to_id(begin))],
            ),
        ]
    )
    settings = {
        "bos_token": begin,
        "eos_token": "<|eot_id|>",
        "chat_template": LLAMA3_TEMPLATE,
        "clean_up_tokenization_spaces": True,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    save(tokenizer, folder, settings)


def qwen2(folder: Path) -> None:
    """Qwen 2's: NFC, single digits, no first token, the chat template in a file of its own."""
    tokenizer = train(split_by(QWEN2_PATTERN), 400)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    end = "<|endoftext|>"
    tokenizer.add_special_tokens([special(name) for name in (end, "<|im_start|>", "<|im_end|>")])
    settings = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": end,
        "unk_token": None,
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
    }
    save(tokenizer, folder, settings)
    (folder / "chat_template.jinja").write_text(CHATML)


def neox(folder: Path) -> None:
    """GPT-NeoX's (Pythia's): special tokens first, runs of spaces as added tokens, NFC."""
    tokenizer = train(pre_tokenizers.ByteLevel(add_prefix_space=False), 400)
    described = json.loads(tokenizer.to_str())
    names = ["<|endoftext|>", "<|padding|>"]
    vocabulary = {token: index + 2 for token, index in described["model"]["vocab"].items()}
    described["model"]["vocab"] = {**{name: index for index, name in enumerate(names)}, **vocabulary}
    tokenizer = Tokenizer.from_str(json.dumps(described))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    tokenizer.add_special_tokens([special(name) for name in names])
    tokenizer.add_tokens([AddedToken(" " * width, normalized=True) for width in range(8, 1, -1)])
    settings = {
        "add_prefix_space": False,
        "bos_token": names[0],
        "eos_token": names[0],
        "unk_token": names[0],
        "tokenizer_class": "GPTNeoXTokenizer",
    }
    save(tokenizer, folder, settings)


#: fixture -> its maker and the name that llama.cpp has for its way of cutting text
FIXTURES = {
    "gpt2": (gpt2, "gpt-2"),
    "gpt2-files": (gpt2_files, "gpt-2"),
    "llama3": (llama3, "llama-bpe"),
    "qwen2": (qwen2, "qwen2"),
    "neox": (neox, "olmo"),
}
