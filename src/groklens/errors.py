"""What goes wrong, by name; every message says what was found, what was expected and what to do."""


class GroklensError(Exception):
    """Base of every error that groklens raises on purpose; catch it to show one clear line."""


class BadArgument(GroklensError, ValueError):
    """A value given by the caller is outside what the function accepts."""


class UnknownName(GroklensError, KeyError):
    """A hook, component, measure or field of that name does not exist here."""

    def __str__(self) -> str:
        # KeyError would print the message in quotes.
        return str(self.args[0]) if self.args else ""


class DamagedRun(GroklensError, OSError):
    """A file of a run is missing, truncated, edited or of an unknown schema."""


class RecipeMismatch(GroklensError, ValueError):
    """A folder holds a run of another recipe than the one asked for."""


class TrainingDiverged(GroklensError, ArithmeticError):
    """The loss stopped being a finite number."""
