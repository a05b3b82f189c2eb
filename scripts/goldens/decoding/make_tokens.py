"""Vector 31: how the shipped models' tokenizers encode and decode, into tokens.json."""

import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from sentencepiece import SentencePieceProcessor  # noqa: E402
from transformers import AutoTokenizer, logging  # noqa: E402

from make_sweep import FOLDER  # noqa: E402

MODELS = FOLDER.parents[2] / "models"
NAMES = ("glossa-tales", "glossa-sprout")
ENCODED = ("", " ", "x", " x", "  x", "x ", "Once upon", " Once upon", "\nOnce", "do n't . ' , n't !", "naïve 😀 é", "<unk>")
#: prompt and what comes after it, to be decoded whole, apart and cut after every id
CONTINUED = (
    ("Once upon", " a time, there was a naïve 😀 bird."),
    ("Hello", "! How are you ?"),
    ("It is", " n't . It 's ' quoted ' , isn't it !"),
    ("é", "é\u00a0ü 日本"),
    ("Line\n", "\n  indented\tTab"),
)


def encoded(tokenizer, folder, text):
    """Hugging Face's ids, and SentencePiece's own where they are others: transformers 5's LlamaTokenizer puts no space
    before a text that begins with one, SentencePiece and the tokenizers of transformers 4 do."""
    ids = tokenizer.encode(text)
    if not (folder / "tokenizer.model").exists():
        return [text, ids]
    pieces = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    own = [tokenizer.bos_token_id, *pieces.encode(text)]
    # It knows no text of special tokens.
    return [text, ids] if own == ids or "<" in text else [text, ids, own]


def decoded(tokenizer, folder, ids):
    """Text with and without special ids, and SentencePiece's where it is another: transformers makes U+FFFD of every
    byte of a run of byte pieces of which any is incomplete, SentencePiece only of the incomplete ones."""
    theirs = tokenizer.decode(ids, skip_special_tokens=True)
    row = [ids, tokenizer.decode(ids), theirs]
    if not (folder / "tokenizer.model").exists():
        return row
    pieces = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    own = pieces.decode([token for token in ids if token not in tokenizer.all_special_ids])
    return row if own == theirs else [*row, own]


def continued(tokenizer, folder, prompt, more):
    whole = tokenizer.encode(prompt + more)
    start = len(tokenizer.encode(prompt))
    rows = [decoded(tokenizer, folder, whole), decoded(tokenizer, folder, whole[start:])]
    rows += [decoded(tokenizer, folder, whole[:end]) for end in range(1, len(whole))]
    return rows


def of(name):
    folder = MODELS / name
    tokenizer = AutoTokenizer.from_pretrained(folder)
    special = sorted(tokenizer.all_special_ids)
    words = tokenizer.encode("Once upon a time", add_special_tokens=False)
    rows = [row for pair in CONTINUED for row in continued(tokenizer, folder, *pair)]
    for token in special:
        rows += [decoded(tokenizer, folder, [token]), decoded(tokenizer, folder, [*words[:2], token, *words[2:], token])]
    rows.append(decoded(tokenizer, folder, []))
    return {"special": special, "encoded": [encoded(tokenizer, folder, text) for text in ENCODED], "decoded": rows}


def main():
    logging.set_verbosity_error()
    goldens = {name: of(name) for name in NAMES}
    lines = []
    for name, golden in goldens.items():
        rows = {
            key: "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in golden[key]) + "]"
            for key in ("encoded", "decoded")
        }
        content = ",\n".join(f'"{key}":{text}' for key, text in rows.items())
        lines.append(f'"{name}":{{"special":{golden["special"]},\n{content}}}')
        print(f"{name:14} {len(golden['encoded'])} texts, {len(golden['decoded'])} sequences of ids")
    (FOLDER / "tokens.json").write_text("{\n" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    sys.exit(main())
