"""Why an explanation has no finding of some key: what the finding is asked of, and what this model lacks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groklens.claims import by_key

if TYPE_CHECKING:
    from groklens.explain.explanation import Explanation

#: Findings on a circuit, and on its neurons, which are asked where there is one and where they are known.
_OF_A_CIRCUIT = frozenset(
    {
        "logits.key", "neurons.show", "sufficiency.logits", "necessity.logits", "necessity.readout",
        "sufficiency.neurons", "necessity.neurons", "clusters.carry", "algorithm.symmetricity",
        "algorithm.irrelevance", "restricted_loss", "rules.agree",
    }
)  # fmt: skip
_EXAMINE = "it is asked by gl.examine(run, hypothesis)"
_HELIX = "it is asked by gl.examine(run, gl.hypotheses.Helix(…))"
#: What else findings are asked of, or by.
_ASKED = {
    "logits.complete": "it is asked of a circuit by gl.examine(run, circuit)",
    "sufficiency.embeddings": "it is asked of a circuit by gl.examine(run, circuit)",
    "necessity.embeddings": "it is asked of a circuit by gl.examine(run, circuit)",
    **dict.fromkeys((f"{of}.{at}" for of in ("sufficiency", "necessity") for at in ("residual", "heads")), _EXAMINE),
    **dict.fromkeys(("sufficiency.activation", "necessity.activation"), _EXAMINE),
    **dict.fromkeys(("adds", "numbers.helix"), _HELIX),
    "restricted_loss": "it is asked where train and test inputs are known, and test loss is measured",
    "necessity.neurons": "it is asked where the neurons are known",
    "clusters.carry": "it is asked where the neurons are known",
    "rules.agree": "it is asked where the neurons, and what they write to the logits, are known",
    "stage": "it is asked of tasks that have a reference predictor",
    "labels.fitted": "it is asked where some train labels are wrong",
    "answers.outside": "it is asked where some largest logit is none of the task's classes, and here none is",
    "split.losses": "it is asked of a model that generalises by a split that no training recorded",
    "generalises.unmirrored": "it is said where too few test inputs are answered that were trained on in no order of "
    "their operands, of a model that answers enough of all",
    "split.fits": "it is asked where the split is doubted, and here it is not",
    "files.assumed": "it is asked where files leave something open, and here nothing was assumed",
    "llc.healthy": "it is the finding of an estimate: gl.measures.learning_coefficient(run)",
    "emergence.survives": "it is asked by gl.measures.audit_emergence(table, n_test=…)",
    "pruning.lowest_ipr": "it is asked by gl.interventions.memorising_neurons(run)",
}  # fmt: skip


def why_not_asked(why: Explanation, key: str) -> str:
    """The reason why an explanation has no finding of a key that there is, as the end of a sentence."""
    if key == "circuit":
        return "it is made where no circuit is found, and here one is"
    if why.circuit is None and key in _OF_A_CIRCUIT:
        circuit = by_key(why.findings).get("circuit")
        found = (
            "no circuit is looked for in this task" if circuit is None else f"none was found ({circuit.note})"
        )
        return f"it is of a circuit, and {found}"
    return _ASKED[key]
