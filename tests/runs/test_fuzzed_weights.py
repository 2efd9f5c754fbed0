"""Files of weights with flipped bits and cut ends: an error of ours or a model, and never anything else."""

from pathlib import Path

import pytest
from foreign_formats import FORMATS

import warm
from gguf_model import write_gguf
from groklens.errors import DamagedRun

#: No opening may hang: as many seconds as the slowest machine could need for all, by far.
_PATIENCE = 500


@pytest.mark.parametrize("name", ["gguf", "hooked_safetensors", "hugging_face"])
def test_damage_is_refused_or_read_and_nothing_else_happens(name):
    """In a process of its own with little memory to spare, so that a crash or a large allocation is seen."""
    script = Path(__file__).with_name("fuzzed.py")
    done = warm.run(script, name, 60, 7, timeout=_PATIENCE)
    assert done.returncode == 0, done.stderr[-2000:]
    found = dict(reversed(line.split(" × ")) for line in done.stdout.splitlines())
    assert found.keys() == {"refused", "read"}, done.stdout
    assert int(found["refused"]) > int(found["read"])


@pytest.mark.parametrize("heads", [5, 6, 7])
def test_sizes_that_do_not_divide_each_other(heads, tmp_path):
    path = write_gguf(tmp_path / "odd.gguf", says={"llama.attention.head_count": heads})
    with pytest.raises(
        DamagedRun, match=r"odd.gguf is damaged: .*not a multiple of the number of attention heads"
    ):
        FORMATS["gguf"].at_every_step(path)
