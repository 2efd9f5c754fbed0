"""The explorer: a local page over runs and sweeps, served on this machine alone or written as a folder."""

from groklens.explorer.export import export as export
from groklens.explorer.server import serve as serve
from groklens.explorer.server import still_working as still_working
from groklens.public import public_names


def __dir__() -> list[str]:
    return public_names(globals(), {"public_names", "still_working"})
