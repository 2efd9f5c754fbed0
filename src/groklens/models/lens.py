"""The names that groklens imports from TransformerLens; no other file imports it."""

from __future__ import annotations

from groklens.progress import without_wish_for_widgets

with without_wish_for_widgets():
    from transformer_lens.config import TransformerBridgeConfig as TransformerBridgeConfig
    from transformer_lens.hook_points import HookPoint as HookPoint
    from transformer_lens.HookedRootModule import HookedRootModule as HookedRootModule
    from transformer_lens.model_bridge import TransformerBridge as TransformerBridge
    from transformer_lens.model_bridge.sources import build_bridge_from_module as build_bridge_from_module
    from transformer_lens.tools.model_registry.checkpoints import PYTHIA_CHECKPOINTS as PYTHIA_CHECKPOINTS
    from transformer_lens.tools.model_registry.checkpoints import (
        PYTHIA_V0_CHECKPOINTS as PYTHIA_V0_CHECKPOINTS,
    )
    from transformer_lens.tools.model_registry.checkpoints import (
        STANFORD_CRFM_CHECKPOINTS as STANFORD_CRFM_CHECKPOINTS,
    )
    from transformer_lens.utilities.tl_checkpoint_conversion import (
        convert_tl_checkpoint as convert_tl_checkpoint,
    )
