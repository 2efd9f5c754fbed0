"""Runs: `gl.Run` and `gl.load`, the sources that a run reads, our files and formats of others."""

from groklens.runs.coercion import AnyRun as AnyRun
from groklens.runs.coercion import as_run as as_run
from groklens.runs.coercion import as_snapshot as as_snapshot
from groklens.runs.files import encode_tensors as encode_tensors
from groklens.runs.files import read_json as read_json
from groklens.runs.files import write_atomically as write_atomically
from groklens.runs.header import Header as Header
from groklens.runs.header import environment as environment
from groklens.runs.history import REPORTED as REPORTED
from groklens.runs.history import History as History
from groklens.runs.history import Row as Row
from groklens.runs.history import Written as Written
from groklens.runs.history import read_history as read_history
from groklens.runs.load import load as load
from groklens.runs.lock import FolderLock as FolderLock
from groklens.runs.paths import RunPaths as RunPaths
from groklens.runs.paths import as_path as as_path
from groklens.runs.resume import ResumeState as ResumeState
from groklens.runs.resume import damaged as damaged
from groklens.runs.revisions import Revisions as Revisions
from groklens.runs.revisions import revisions as revisions
from groklens.runs.run import Run as Run
from groklens.runs.run_like import RunLike as RunLike
from groklens.runs.steps import chosen_steps as chosen_steps
from groklens.runs.steps import kept_steps as kept_steps
from groklens.runs.writer import RunWriter as RunWriter
