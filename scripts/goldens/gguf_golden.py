"""What is kept of a GGUF file: everything but the data, and checksums of that."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

#: Arrays up to this length are kept whole.
WHOLE = 16
#: Of longer ones, this many elements besides the checksum.
SHOWN = 8


def checksum(data: bytes) -> str:
    """The first 16 hexadecimal digits of SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def array_bytes(kind: str, elements: list[Any]) -> bytes:
    """Strings as uint32 length and UTF-8, numbers as they lie in the file: all little-endian."""
    if kind == "string":
        encoded = [text.encode() if isinstance(text, str) else bytes(text) for text in elements]
        return b"".join(len(item).to_bytes(4, "little") + item for item in encoded)
    return np.asarray(elements, dtype={"bool": "int8"}.get(kind, kind)).tobytes()


def field_value(field: Any) -> list[Any]:
    """[type, value], or [type, count, checksum, first elements] of a long array."""
    names = [kind.name.lower() for kind in field.types]
    value = field.contents()
    if names[0] != "array":
        return [names[0], value]
    kind = names[-1]
    if len(value) <= WHOLE:
        return [f"array:{kind}", value]
    return [f"array:{kind}", len(value), checksum(array_bytes(kind, value)), value[:SHOWN]]


def read(path: Path) -> dict[str, Any]:
    """metadata: [key, type, value...] in file order; tensors: name -> [type, dimensions, checksum] likewise."""
    from gguf import GGUFReader

    reader = GGUFReader(path)
    metadata = [
        [key, *field_value(field)] for key, field in reader.fields.items() if not key.startswith("GGUF.")
    ]
    tensors = {
        tensor.name: [
            tensor.tensor_type.name,
            [int(n) for n in tensor.shape],
            checksum(tensor.data.tobytes()),
        ]
        for tensor in reader.tensors
    }
    return {"metadata": metadata, "tensors": tensors}
