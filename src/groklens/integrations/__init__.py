"""Callbacks that record a run from other people's trainers, and loggers; each imports the library that it is for.

`import groklens` loads none of this: `from groklens.integrations.hugging_face import RecorderCallback`, or from
`groklens.integrations.lightning`; of loggers, `TensorBoardLogger` from `.tensorboard`, `WandbLogger` from
`.weights_and_biases`.
"""
