"""A `TransformerBridge` that follows a language model of transformers while somebody trains it."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from groklens.errors import BadArgument
from groklens.models import at_rest, bridge_of_config

#: By how much of the largest logit the two may differ: attention is computed in another order.
_TOLERANCE = 1e-3


class Mirror:
    """A bridge with the weights that a causal language model has now, none of them shared with it.

    TransformerLens puts its own parts in the place of a module's; here they are put into another module of the same
    configuration, so that the user's is left as it is, however it is compiled or cast. Weights of lower precision are
    in float32, which holds them exactly.

    >>> Mirror(GPT2LMHeadModel(config)).model.cfg.n_layers  # doctest: +SKIP
    12
    """

    def __init__(self, module: nn.Module) -> None:
        self._module: Any = module
        self.model = self._bridge()

    def refresh(self) -> None:
        """Give the bridge the weights of now."""
        self.model.load_state_dict(self._bridge().state_dict())

    def check(self, tokens: Tensor) -> None:
        """Raise `BadArgument` unless the user's model gives the bridge's logits for these tokens."""
        tokens = tokens.to(next(self._module.parameters()).device)
        with at_rest(self._module):
            # Not the module called: a trainer may have put an autocast around its forward pass.
            own = type(self._module).forward(self._module, tokens).logits.float()
            ours = self.model(tokens).float()
        low = next(self._module.parameters()).element_size() < 4
        apart = float((own - ours).abs().max()) / max(float(own.abs().max()), 1e-30)
        if apart > (0.1 if low else _TOLERANCE):
            raise BadArgument(
                f"A model built from the configuration of this {type(self._module).__name__}, with its weights, gives "
                f"other logits (by {apart:.2g} of the largest), so it is not what is trained; give names={{}} to hook "
                "the module at its own paths."
            )

    def _bridge(self) -> Any:
        """A new bridge with the weights of now: TransformerLens splits and renames them, each time alike."""
        weights = {name: value.detach() for name, value in self._module.state_dict().items()}
        try:
            return bridge_of_config(self._module.config, weights)
        except BadArgument as error:
            raise BadArgument(f"{error} Give names={{}} to hook the module at its own paths.") from error
