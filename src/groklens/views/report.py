"""`gl.views.report`: the report of an explanation as one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groklens.views.inputs import explained
from groklens.views.renderers.figure import Page

if TYPE_CHECKING:
    from groklens.explain import Explanation


def report(explanation: Explanation) -> Page:
    """The report of an explanation as one page: when the model generalised, by which circuit, with which evidence.

    The page needs no network, reads on a phone, in the dark and on paper, and holds the other views: curves
    with the phases shaded, spectra, the embedding, neurons and attention with sliders over steps, the circuit's
    diagram, the logits over both operands, and every finding beside its controls. It opens with what the run was
    and one sentence of what was found, which ends in the verdict: `supported`, `refuted` or `undecided`. What the
    table or the task does not have is left out, and the end says so; nothing is raised for it.

    >>> gl.views.report(gl.explain(run)).save("report.html")  # doctest: +SKIP
    """
    page: Page = explained(explanation).page()
    return page
