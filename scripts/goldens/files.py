"""Where things lie, and small JSON files."""

import json
import subprocess
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDENS = REPOSITORY / "test" / "convert" / "goldens"
BUNDLE = REPOSITORY / "node_modules" / "node-llama-cpp" / "llama" / "gitRelease.bundle"


def write_json(path: Path, value: Any) -> None:
    """JSON as Hugging Face's libraries write it: indented, not escaped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def compact(value: Any, depth: int) -> str:
    """JSON with one line per entry down to `depth`, so that a change shows as a change of few lines."""
    if depth == 0 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, dict):
        inner = ",\n".join(
            f"{json.dumps(k, ensure_ascii=False)}:{compact(v, depth - 1)}" for k, v in value.items()
        )
        return "{\n" + inner + "\n}"
    return "[\n" + ",\n".join(compact(item, depth - 1) for item in value) + "\n]"


def write_golden(path: Path, value: Any, depth: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(compact(value, depth) + "\n", encoding="utf-8")


def llama_source(folder: Path) -> Path:
    """llama.cpp's sources out of the bundle that node-llama-cpp carries: the release our libraries are made from."""
    if not (folder / "convert_hf_to_gguf.py").is_file():
        subprocess.run(["git", "clone", "--quiet", "--depth=1", str(BUNDLE), str(folder)], check=True)
    return folder
