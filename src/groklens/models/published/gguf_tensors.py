"""The tensors of a GGUF file: mapped where torch has their numbers as they stand there, dequantised where not."""

from __future__ import annotations

import math
from functools import cached_property
from importlib.util import find_spec

import torch
from torch import Tensor

from groklens.errors import BadArgument, DamagedRun
from groklens.gguf_file import GgufFile, StoredTensor

#: Types whose numbers stand in the file as torch has them.
_PLAIN = {0: torch.float32, 1: torch.float16, 30: torch.bfloat16}


class GgufTensors:
    """The tensors of a GGUF file by name, each read when it is asked for; their sizes are checked first.

    Those in float32, float16 and bfloat16 are the file's own bytes, by memory map; codes for numbers become float32.
    Raises `BadArgument` without gguf or for a type that it does not know, `DamagedRun` for tensors beyond the file's
    end.
    """

    def __init__(self, file: GgufFile) -> None:
        if find_spec("gguf") is None:
            raise BadArgument(
                f'{file.path} is read with gguf, which is not installed: pip install "groklens[gguf]".'
            )
        self._file, self._size = file, file.path.stat().st_size
        self._check_places()

    def __getitem__(self, name: str) -> Tensor:
        tensor = self._file.tensors[name]
        stored = self._content[tensor.start : tensor.start + self._n_bytes(tensor)]
        if tensor.kind not in _PLAIN:
            return self._dequantised(tensor, stored)
        if tensor.start % 4:  # torch has no numbers at odd places
            stored = stored.clone()
        return stored.view(_PLAIN[tensor.kind]).reshape(tensor.shape)

    def _check_places(self) -> None:
        """Raise unless the tensors stand one behind the other, from the header to the file's end."""
        end = at = self._file.begin
        for name, tensor in sorted(self._file.tensors.items(), key=lambda entry: entry[1].start):
            if tensor.start != at or not all(tensor.shape):
                raise DamagedRun(
                    f"{self._file.path} is damaged: {name[:80]!r} is not where the tensor before it ends; copy it "
                    "again."
                )
            end = at + self._n_bytes(tensor)
            at = -(-end // self._file.step) * self._file.step
        if self._size not in (end, at):  # padded to a whole step, or not
            raise DamagedRun(
                f"{self._file.path} is damaged: its header declares {end:,} bytes and {self._size:,} are there; "
                "copy it again."
            )

    @cached_property
    def _content(self) -> Tensor:
        """The file's bytes, mapped; what is written there stays in this process."""
        return torch.from_file(str(self._file.path), shared=False, size=self._size, dtype=torch.uint8)

    def _n_bytes(self, tensor: StoredTensor) -> int:
        from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

        try:
            n_block, n_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(tensor.kind)]
        except (ValueError, KeyError) as error:
            raise BadArgument(
                f"{self._file.path} stores tensors as type {tensor.kind:,}, which this version of gguf does not know; "
                'get a newer one, pip install -U "groklens[gguf]", or the model in another type.'
            ) from error
        if tensor.shape[-1] % n_block:
            raise DamagedRun(
                f"{self._file.path} is damaged: its rows of {tensor.shape[-1]:,} numbers are no whole blocks; copy it "
                "again."
            )
        return math.prod(tensor.shape) // n_block * n_bytes

    def _dequantised(self, tensor: StoredTensor, stored: Tensor) -> Tensor:
        from gguf import GGMLQuantizationType
        from gguf.quants import dequantize

        kind = GGMLQuantizationType(tensor.kind)
        try:
            numbers = dequantize(stored.numpy().reshape(*tensor.shape[:-1], -1), kind)
        except NotImplementedError as error:
            raise BadArgument(
                f"{self._file.path} stores tensors as {kind.name}, which gguf cannot take back to numbers; get the "
                "model in another type, such as Q8_0."
            ) from error
        return torch.from_numpy(numbers).reshape(tensor.shape)
