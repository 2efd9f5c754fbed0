"""`python -m benchmarks [NAME …] [--smoke]`: run these benchmarks, by default all of them, one after another."""

from __future__ import annotations

import runpy
import sys

NAMES = (
    "train_step",
    "train_to_grok",
    "progress_measures",
    "capture",
    "large_modulus",
    "many_runs",
    "cuda",
    "import_time",
    "explain",
    "scaling",
)


def main() -> None:
    """Run what the arguments name."""
    flags = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("-")] or list(NAMES)
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}.")
    for name in chosen:
        sys.argv = [name, *flags]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
