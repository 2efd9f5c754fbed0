"""Callbacks that record a run from other people's trainers, loggers, and an executor of jobs for sweeps.

`import groklens` loads none of this: `from groklens.integrations.hugging_face import RecorderCallback`, or from
`groklens.integrations.lightning`; of loggers, `TensorBoardLogger` from `.tensorboard`, `WandbLogger` from
`.weights_and_biases`; `Jobs` from `.submitit`, for sweeps on a cluster. Each imports the library that it is for.
"""
