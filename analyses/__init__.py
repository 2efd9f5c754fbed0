"""Studies: one phenomenon a folder. `python -m analyses` lists them, `python -m analyses NAME` runs one."""
