"""Views: pictures of runs, tables, snapshots and explanations, which select and format and compute no statistics.

Every view returns its picture and shows nothing. In a notebook the picture shows itself, without a network; its
`save` writes a page or a PNG. Importing this package loads neither torch nor plotly.
"""

from groklens.views.attention import attention as attention
from groklens.views.attention import mean_attention as mean_attention
from groklens.views.calibration import calibration as calibration
from groklens.views.circle import circle as circle
from groklens.views.circuit import circuit as circuit
from groklens.views.clusters import clusters as clusters
from groklens.views.compare import compare as compare
from groklens.views.curves import curves as curves
from groklens.views.drawing.labels import bare_title as bare_title
from groklens.views.drawing.labels import variable as variable
from groklens.views.embedding import embedding as embedding
from groklens.views.findings import findings as findings
from groklens.views.findings import findings_table as findings_table
from groklens.views.heads import heads as heads
from groklens.views.inputs import spread as spread
from groklens.views.logits import logits as logits
from groklens.views.neurons import neurons as neurons
from groklens.views.phase_diagram import phase_diagram as phase_diagram
from groklens.views.renderers.figure import Figure as Figure
from groklens.views.renderers.figure import Page as Page
from groklens.views.report import report as report
from groklens.views.skills import skills as skills
from groklens.views.spectrum import spectrum as spectrum
from groklens.views.stages import stages as stages
from groklens.views.summary import summary as summary
from groklens.views.survival import survival as survival
from groklens.views.sweep import sweep as sweep

__all__ = [
    "Figure",
    "Page",
    "attention",
    "calibration",
    "circle",
    "circuit",
    "clusters",
    "compare",
    "curves",
    "embedding",
    "findings",
    "heads",
    "logits",
    "neurons",
    "phase_diagram",
    "report",
    "skills",
    "spectrum",
    "stages",
    "summary",
    "survival",
    "sweep",
]


def __dir__() -> list[str]:
    return __all__
