"""Writes the files of torch.save that test/convert/pytorch.test.ts reads, and what must come out of them.

    python scripts/goldens/make_torch_fixtures.py test/convert/fixtures

Made with torch 2.15.0; the tests themselves need no Python.
"""

import collections
import json
import pathlib
import sys

import torch

DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.uint8: "U8",
    torch.uint16: "U16",
    torch.bool: "BOOL",
}


def values(*shape: int) -> torch.Tensor:
    """Distinct values that every floating-point type holds exactly."""
    count = torch.Size(shape).numel()
    return (torch.arange(count, dtype=torch.float32) - count // 2).reshape(shape) / 4


def module_state() -> dict:
    """What a module gives: an OrderedDict with "_metadata", tied weights sharing a storage."""
    model = torch.nn.ModuleDict({"head": torch.nn.Linear(4, 3), "embed": torch.nn.Embedding(3, 4)})
    with torch.no_grad():
        model["embed"].weight.copy_(values(3, 4))
        model["head"].bias.copy_(values(3))
    model["head"].weight = model["embed"].weight
    return model.state_dict()


def views() -> dict:
    """Tensors that are not their storage: transposed, cut out, spaced, with offsets, empty, scalar."""
    base = values(4, 6)
    cube = values(2, 3, 4).to(torch.bfloat16)
    return collections.OrderedDict(
        whole=base,
        transposed=base.t(),
        columns=base[:, 2:5],
        spaced=base[1::2, ::2],
        row=base[3],
        cube=cube.permute(2, 0, 1),
        scalar=torch.tensor(-1.5, dtype=torch.float64),
        empty=torch.empty(0, 3, dtype=torch.float16),
        positions=torch.arange(3).expand(1, -1),
    )


def parameters() -> dict:
    """Parameters, and types that have no storage class of their own."""
    return {
        "parameter": torch.nn.Parameter(values(2, 2).half()),
        "frozen": torch.nn.Parameter(values(2).double(), requires_grad=False),
        "mask": torch.tensor([True, False]),
        "bytes": torch.tensor([1, 255], dtype=torch.uint8),
        "words": torch.tensor([1, 65535], dtype=torch.uint16),
    }


def describe(tensor: torch.Tensor) -> dict:
    data = tensor.detach().contiguous().reshape(-1).view(torch.uint8) if tensor.numel() else b""
    return {"dtype": DTYPES[tensor.dtype], "shape": "x".join(map(str, tensor.shape)), "data": bytes(data).hex()}


def main(folder: pathlib.Path) -> None:
    fixtures = {
        "torch-module.bin": (module_state(), 2),
        "torch-views.bin": (views(), 2),
        "torch-parameters-protocol4.bin": (parameters(), 4),
    }
    expected = {}
    for name, (state, protocol) in fixtures.items():
        torch.save(state, folder / name, pickle_protocol=protocol)
        expected[name] = {key: describe(tensor) for key, tensor in state.items()}
    (folder / "torch-expected.json").write_text(json.dumps(expected, indent=2) + "\n")


main(pathlib.Path(sys.argv[1]))
