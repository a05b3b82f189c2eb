"""Make the tokenizer fixtures in test/convert/goldens/tokenizers/.

python make_tokenizers.py [fixture ...]
"""

import sys

import byte_bpe
import sentencepieces
from files import GOLDENS

PRE_NAMES = {name: pre for name, (_, pre) in byte_bpe.FIXTURES.items()}


def main() -> None:
    makers = {name: maker for name, (maker, _) in byte_bpe.FIXTURES.items()} | sentencepieces.FIXTURES
    for name in sys.argv[1:] or makers:
        folder = GOLDENS / "tokenizers" / name
        folder.mkdir(parents=True, exist_ok=True)
        makers[name](folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{name:16} {size:7} bytes")


if __name__ == "__main__":
    main()
