"""`logit_lens`: a model that answers from what stands in its residual stream earlier on."""

from __future__ import annotations

from groklens.errors import BadArgument
from groklens.interventions.patch import patched
from groklens.models import Site
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot


def logit_lens(snapshot: AnyRun, hook: Site | str, pos: int | None = None) -> Snapshot:
    """The snapshot whose logits are read from `hook` at the answer: all layers between it and the read-out are skipped.

    nostalgebraist 2020, "interpreting GPT: the logit lens". The values take the place of the last layer's residual
    stream, so that a final norm is applied as the model does. `hook` is one of the residual stream, or of what is added
    to it (`blocks.0.hook_attn_out`, for that part alone). `pos` is another position to look from, of a task that is
    answered at one; where it is answered at several, each is read from its own position. Every measure takes
    what comes of it: `gl.measures.LanguageShare()(logit_lens(run, "blocks.0.hook_resid_mid"))`. Raises `BadArgument`
    where the model has no residual stream of TransformerLens' name, or values of another width are given.

    >>> from groklens.models import Transformer
    >>> from groklens.tasks import ModularArithmetic
    >>> task = ModularArithmetic(5)
    >>> model = Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8).build(task, seed=0)
    >>> early = logit_lens(Snapshot(model, task), "blocks.0.hook_resid_mid")
    >>> early.logits.shape
    torch.Size([25, 5])
    """
    snapshot = as_snapshot(snapshot)
    last = snapshot.anatomy.residual
    if last is None:
        raise BadArgument(
            f"{snapshot!r} has no residual stream to read logits from; the lens is for transformers, whose last "
            "layer leaves it at a hook of TransformerLens' name."
        )
    if len(snapshot.task.reads) > 1:
        if pos is not None:
            raise BadArgument(
                f"{snapshot.task.name} is answered at {len(snapshot.task.reads)} positions, each read from its own; "
                "leave pos out."
            )
        return patched(snapshot, last.hook, snapshot.activations(hook))
    place = last.pos if pos is None else pos
    return patched(snapshot, last, snapshot.activations(hook, place))
