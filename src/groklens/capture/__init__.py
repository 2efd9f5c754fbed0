"""Looking at models: snapshots, and activations across checkpoints."""

from groklens.capture.snapshot import Snapshot as Snapshot
