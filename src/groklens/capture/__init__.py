"""Capturing activations across checkpoints as labelled xarray datasets, in memory or in a zarr store on disk."""

from groklens.capture.capture import capture as capture
