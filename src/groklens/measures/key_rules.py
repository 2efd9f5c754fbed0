"""Which components are key in a model's logits, neurons or weights, each by its authors' rule."""

from __future__ import annotations

import xarray as xr

from groklens.errors import BadArgument
from groklens.harmonics import ComponentName
from groklens.measures.by_component import by_component
from groklens.measures.measure import measure
from groklens.measures.neurons import cluster_sizes
from groklens.measures.spectra import neuron_logit_spectrum
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, logit_similarities

#: Logit similarity above which a component is key: Chughtai et al. (2023), section 4. It also finds the key
#: frequencies that Nanda et al. and Zhong et al. report for their models.
KEY_SIMILARITY = 0.005


@measure(
    long_name="logit similarity",
    units="cosine",
    valid_range=(-1, 1),
    source="Chughtai et al. 2023, section 4; logits centred over classes, characters not",
    split="all",
    needs=("group",),
)
def logit_similarity(snapshot: Snapshot) -> xr.DataArray:
    """Cosine of the logits with each component's character of x∘y∘z⁻¹ (component), in [−1, 1].

    0 where a component is not used. The squares sum to 1 when the logits are made of characters alone. A
    perfect lookup table has every component alike, so this says what the logits are, not how they are made.
    """
    return by_component(logit_similarities(snapshot))


@measure(
    long_name="logit variance explained by all characters",
    units="share of variance",
    valid_range=(0, 1),
    source="Chughtai et al. 2023, and Zhong et al. 2023 for cosines of a+b−c: Σ (logit similarity)²; over every "
    "component, where they take the key ones (which makes 1e-5 of difference in their models)",
    split="all",
    needs=("group",),
)
def logit_similarity_fve(snapshot: Snapshot) -> float:
    """Share of the logits, centred over classes, that characters of x∘y∘z⁻¹ explain, in [0, 1].

    Near 1 where logits depend on the answer as a clock's or an irrep's do, 0 where they do not. It needs no
    circuit, unlike `logit_fve`, and does not separate clock (0.983) from pizza (0.995); a perfect lookup table
    has it too.
    """
    return sum(similarity**2 for similarity in logit_similarities(snapshot).values())


def key_by_logits(similarities: dict[ComponentName, float]) -> list[ComponentName]:
    """The non-trivial components whose logit similarity exceeds `KEY_SIMILARITY`, in the group's order."""
    return [name for name, similarity in similarities.items() if similarity > KEY_SIMILARITY]


def key_components(snapshot: AnyRun, rule: str = "logits") -> list[ComponentName]:
    """The key components by an authors' protocol; defined on any model whose task has a group.

    `"logits"`: logit similarity above 0.005 (Chughtai et al. 2023). `"clusters"`: components with a cluster of
    neurons, each explained to 85 % (Nanda et al. 2023). `"readout"`: components with over 5 % of the
    non-constant power of W_L (Nanda et al. give no threshold; 5 % reproduces their sets). The rules disagree
    where cleanup is incomplete or few neurons carry a component: report which one you used.

    Raises `BadArgument` for another rule, or for a task without a group.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    if rule == "logits":
        return key_by_logits(logit_similarities(snapshot))
    if rule == "readout":
        spectrum = neuron_logit_spectrum(snapshot)
        assert isinstance(spectrum, xr.DataArray)
        pairs = zip(spectrum["component"].values.tolist(), spectrum.values.tolist(), strict=True)
        return [name for name, share in pairs if share > 0.05]
    if rule == "clusters":
        order = list(logit_similarities(snapshot))
        return sorted(cluster_sizes(snapshot), key=order.index)
    raise BadArgument(f"rule is {rule!r}; choose 'logits', 'clusters' or 'readout'.")
