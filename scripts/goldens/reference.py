"""llama.cpp's own converters, run in this process."""

import contextlib
import io
import logging
import runpy
import sys
from pathlib import Path
from unittest import mock


class Reference:
    """The converters of one source tree.

    The converter knows byte-level BPE tokenizers by a hash of the ids of a test text and refuses others, so the
    name that a fixture's tokenizer was made after is put in place of that look-up. Nothing else is changed.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        sys.path[:0] = [str(source / "gguf-py"), str(source)]
        import gguf
        from conversion import base

        assert Path(gguf.__file__).is_relative_to(source)
        self.base = base

    def run(self, script: str, arguments: list[str], pre: str | None = None) -> None:
        """Runs a script's command line, its log shown only if it fails."""
        log = io.StringIO()
        handler = logging.StreamHandler(log)
        root = logging.getLogger()
        known = list(root.handlers)
        root.handlers = [handler]
        look_up = mock.patch.object(self.base.TextModel, "get_vocab_base_pre", lambda *_: pre)
        quiet = contextlib.redirect_stderr(io.StringIO())
        try:
            with mock.patch.object(sys, "argv", [script, *arguments]), look_up, quiet:
                runpy.run_path(str(self.source / script), run_name="__main__")
        except BaseException:
            print(log.getvalue(), file=sys.stderr)
            raise
        finally:
            root.handlers = known

    def convert(self, folder: Path, outtype: str, outfile: Path, pre: str | None) -> None:
        arguments = [str(folder), "--outtype", outtype, "--outfile", str(outfile)]
        self.run("convert_hf_to_gguf.py", arguments, pre)

    def convert_adapter(self, adapter: Path, base: Path, outtype: str, outfile: Path) -> None:
        arguments = [str(adapter), "--base", str(base), "--outtype", outtype, "--outfile", str(outfile)]
        self.run("convert_lora_to_gguf.py", arguments)
