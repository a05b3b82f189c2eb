"""SentencePiece fixtures: LLaMA 2's BPE with byte fallback, its extensions, unigram, Gemma's and Phi-3's variants."""

import io
import shutil
from pathlib import Path
from typing import Any

import sentencepiece

from files import write_json
from texts import TRAINING

LLAMA2_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + message['content']"
    " + ' [/INST]' }}{% else %}{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)
GEMMA_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<start_of_turn>' + message['role'] + '\n'"
    " + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
)
#: Pieces of the LLaMA 2 fixture; what is added on top starts here.
LLAMA2_SIZE = 470
PHI3_TOKENS = ["<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|end|>", "<|user|>"]


def alphabetic(line: str) -> bool:
    """Whether a line is in the Latin, Greek or Cyrillic script: what a small vocabulary has room for."""
    return all(ord(character) < 0x500 or character in "’…" for character in line)


def train(
    folder: Path, size: int, *, all_scripts: bool = False, **options: Any
) -> sentencepiece.SentencePieceProcessor:
    """Writes tokenizer.model: `size` pieces, the 256 bytes among them."""
    settings = {
        "model_type": "bpe",
        "byte_fallback": True,
        "split_digits": True,
        "allow_whitespace_only_pieces": True,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "character_coverage": 1.0,
        "num_threads": 1,
        "minloglevel": 2,
        **options,
    }
    model = io.BytesIO()
    lines = [line for line in TRAINING.split("\n") if line and (all_scripts or alphabetic(line))]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=size, **settings
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def described(content: str, *, is_special: bool = True) -> dict[str, Any]:
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    return {"content": content, **flags, "special": is_special}


def llama_settings(**more: Any) -> dict[str, Any]:
    """tokenizer_config.json as LLaMA 2 has it."""
    return {
        "add_bos_token": True,
        "add_eos_token": False,
        "added_tokens_decoder": {str(i): described(t) for i, t in enumerate(("<unk>", "<s>", "</s>"))},
        "bos_token": "<s>",
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "legacy": False,
        "sp_model_kwargs": {},
        "tokenizer_class": "LlamaTokenizer",
        "unk_token": "<unk>",
        **more,
    }


def llama2(folder: Path) -> None:
    """LLaMA 2's; the chat template in the config."""
    train(folder, LLAMA2_SIZE)
    write_json(
        folder / "tokenizer_config.json", llama_settings(chat_template=LLAMA2_TEMPLATE, pad_token=None)
    )


def llama1(folder: Path) -> None:
    """LLaMA 1's oldest form: the special tokens as objects, no list of added tokens, no word on BOS."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder.parent / "llama2" / "tokenizer.model", folder)
    tokens = {
        name: {"__type": "AddedToken", **described(text)}
        for name, text in (("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"))
    }
    write_json(
        folder / "tokenizer_config.json",
        {"model_max_length": 2048, "tokenizer_class": "LlamaTokenizer", **tokens},
    )


def alpaca_extended(folder: Path) -> None:
    """Chinese-Alpaca's: more pieces than the base, and a padding token added on top by added_tokens.json."""
    processor = train(folder, 679, all_scripts=True)
    write_json(folder / "added_tokens.json", {"[PAD]": processor.vocab_size()})
    write_json(
        folder / "special_tokens_map.json",
        {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "[PAD]", "unk_token": "<unk>"},
    )
    settings = llama_settings(pad_token="[PAD]")
    del settings["added_tokens_decoder"]
    write_json(folder / "tokenizer_config.json", settings)


def unigram(folder: Path) -> None:
    """A unigram model where LLaMA's BPE would be."""
    train(folder, 500, model_type="unigram", user_defined_symbols=["<sep>"])
    write_json(folder / "tokenizer_config.json", llama_settings(add_prefix_space=True))


def unigram_plain(folder: Path) -> None:
    """A unigram model without bytes: what it has no piece for becomes <unk>."""
    train(folder, 240, model_type="unigram", byte_fallback=False)
    write_json(folder / "tokenizer_config.json", llama_settings())


def gemma(folder: Path) -> None:
    """Gemma's: other ids of the special pieces, no space put in front, runs of newlines, turns, unused pieces."""
    symbols = [
        "<mask>",
        "<unused0>",
        "<start_of_turn>",
        "<end_of_turn>",
        "\n",
        "\n\n",
        "\n\n\n",
        "▁▁",
        "▁▁▁",
        "<table>",
    ]
    processor = train(
        folder,
        490,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        pad_piece="<pad>",
        eos_piece="<eos>",
        bos_piece="<bos>",
        add_dummy_prefix=False,
        user_defined_symbols=symbols,
    )
    decoder = {str(i): described(t) for i, t in enumerate(("<pad>", "<eos>", "<bos>", "<unk>"))}
    for text in symbols:
        marked = text in ("<start_of_turn>", "<end_of_turn>")
        decoder[str(processor.piece_to_id(text))] = described(text, is_special=marked)
    settings = {
        "add_bos_token": True,
        "add_eos_token": False,
        "added_tokens_decoder": decoder,
        "bos_token": "<bos>",
        "chat_template": GEMMA_TEMPLATE,
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "tokenizer_class": "GemmaTokenizer",
    }
    write_json(folder / "tokenizer_config.json", settings)


def as_tokenizer_json(folder: Path, added: list[tuple[int, str, bool]]) -> dict[str, Any]:
    """The `tokenizer.json` that transformers makes of a SentencePiece BPE of LLaMA's kind."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    vocabulary = {processor.id_to_piece(i): i for i in range(processor.vocab_size())}
    merges = [
        (processor.get_score(index), left, piece[len(left) :])
        for piece, index in vocabulary.items()
        if not (processor.is_control(index) or processor.is_byte(index) or processor.is_unknown(index))
        for left in (piece[:cut] for cut in range(1, len(piece)))
        if left in vocabulary and piece[len(left) :] in vocabulary
    ]
    merges.sort(key=lambda item: (-item[0], vocabulary[item[1]], vocabulary[item[2]]))
    bos = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    sequence = [{"Sequence": {"id": name, "type_id": index}} for index, name in enumerate("AB")]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, **described(text, is_special=marked)} for i, text, marked in added],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, sequence[0]],
            "pair": [bos, sequence[0], {"SpecialToken": {"id": "<s>", "type_id": 1}}, sequence[1]],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": [[left, right] for _, left, right in merges],
        },
    }


SPECIALS = [(0, "<unk>", True), (1, "<s>", True), (2, "</s>", True)]


def llama_hf(folder: Path) -> None:
    """LLaMA 2's tokenizer as tokenizer.json alone, with a padding token and a plain token added."""
    added = [*SPECIALS, (LLAMA2_SIZE, "<pad>", True), (LLAMA2_SIZE + 1, "<tool>", False)]
    write_json(folder / "tokenizer.json", as_tokenizer_json(folder.parent / "llama2", added))
    decoder = {str(i): described(text, is_special=marked) for i, text, marked in added}
    settings = llama_settings(added_tokens_decoder=decoder, pad_token="<pad>")
    write_json(folder / "tokenizer_config.json", settings)


def phi3(folder: Path) -> None:
    """Phi-3's: LLaMA 2's pieces and added tokens in three files that must agree."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder.parent / "llama2" / "tokenizer.model", folder)
    added = [(LLAMA2_SIZE + index, text, True) for index, text in enumerate(PHI3_TOKENS)]
    write_json(folder / "added_tokens.json", {text: i for i, text, _ in added})
    specials = [SPECIALS[0], SPECIALS[1], (2, "</s>", False), *added]
    decoder = {str(i): described(text, is_special=marked) for i, text, marked in specials}
    write_json(
        folder / "tokenizer_config.json",
        llama_settings(added_tokens_decoder=decoder, eos_token="<|endoftext|>", pad_token="<|endoftext|>"),
    )
    write_json(folder / "tokenizer.json", as_tokenizer_json(folder.parent / "llama2", specials))


FIXTURES = {
    "llama2": llama2,
    "llama1": llama1,
    "alpaca-extended": alpaca_extended,
    "unigram": unigram,
    "unigram-plain": unigram_plain,
    "gemma": gemma,
    "llama-hf": llama_hf,
    "phi3": phi3,
}
