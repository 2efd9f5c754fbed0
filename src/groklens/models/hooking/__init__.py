"""Plain torch modules as models: hooks at their module paths, and TransformerLens' names where they are given."""

from groklens.models.hooking.hooked import HookedModule as HookedModule
from groklens.models.hooking.hooked import hooked as hooked
