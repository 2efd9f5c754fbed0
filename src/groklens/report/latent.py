"""The latent algorithm over a run, for its report: the rebuilt network's accuracy beside the model's and controls'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groklens.errors import BadArgument
from groklens.harmonics import discrete_log
from groklens.measures import RebuiltAccuracy, has_others, tabulate

if TYPE_CHECKING:
    import xarray as xr

    from groklens.explain import Explanation

#: Steps at which networks are rebuilt, the first and the last kept one among them, and draws of controls: some
#: seconds of work on 113² inputs, which is why it is done for the report and not for every explanation.
MOST_STEPS, DRAWS = 8, 2
REBUILT = RebuiltAccuracy()
RELABELLED, SHUFFLED = RebuiltAccuracy("relabelled", DRAWS), RebuiltAccuracy("shuffled", DRAWS)
#: Frequencies differ by much in what they hold, so that more of them are drawn.
OTHERS = RebuiltAccuracy("frequencies", draws=5)


def latent_table(explanation: Explanation) -> xr.Dataset:
    """Accuracy of the model, of its rebuilt network and of its controls, at up to eight of the kept steps.

    Of a copy that left weights out, the steps whose weights it has are looked at.

    `attrs["shuffled"]` has what is extracted from the last model with its weights shuffled. Raises `BadArgument` where
    there is nothing to rebuild: no circuit of a cyclic group, no neurons, one step only.
    """
    circuit, final, run = explanation.circuit, explanation.final, explanation.source
    if circuit is None:
        raise BadArgument("There is no circuit that survived its controls, so no network is rebuilt from it.")
    if final.anatomy.neurons is None:
        raise BadArgument(f"No network is rebuilt: {final.anatomy.no_neurons_in(final)}.")
    if discrete_log(circuit.group) is None:
        raise BadArgument(f"Networks are rebuilt for cyclic groups, and {circuit.group.name} is none.")
    kept = [step for step in explanation.table["step"].values.tolist() if step in run.steps]
    if len(kept) < 2:
        raise BadArgument("There is one step only, so no curve; gl.interventions.rebuild makes the network.")
    places = {round(i * (len(kept) - 1) / (MOST_STEPS - 1)) for i in range(MOST_STEPS)}
    steps = [kept[place] for place in sorted(places)]
    measures = [REBUILT, RELABELLED, *([OTHERS] if has_others(circuit) else [])]
    table = tabulate(run, measures, circuit, steps, {final.step: final})
    own = next(name for name in ("test_accuracy", "all_accuracy") if name in explanation.table)
    beside = explanation.table[[own]].sel(step=steps)
    return beside.merge(table).assign_attrs(table.attrs, shuffled=float(SHUFFLED(final, circuit)))
