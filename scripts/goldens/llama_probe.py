"""llama.cpp itself, by way of this project's engine: token ids and greedy continuations of a GGUF file."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

from files import REPOSITORY

#: Prompts of a few ids each; their continuations tell whether two files compute the same.
PROMPTS = [[5, 17, 300, 42, 99], [260, 261, 262]]
NEW_TOKENS = 12


class Llama:
    """A child process that answers; the project must be built."""

    def __enter__(self) -> "Llama":
        command = ["node", str(REPOSITORY / "scripts" / "goldens" / "probe.mjs")]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def ask(self, model: Path, texts: list[str], prompts: list[list[int]] | None = None) -> dict[str, Any]:
        request = {"model": str(model), "texts": texts, "prompts": prompts or [], "newTokens": NEW_TOKENS}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def continuations(self, model: Path) -> list[list[int]]:
        return self.ask(model, [], PROMPTS)["continuations"]
