"""Callbacks that record a run from other people's trainers; each needs the library that it is for, and imports it.

`import groklens` loads none of this: `from groklens.integrations.hugging_face import RecorderCallback`, or from
`groklens.integrations.lightning`.
"""
