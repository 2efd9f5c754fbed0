"""Activations across checkpoints, labelled, in memory or on disk."""

from groklens.capture.capture import capture as capture
