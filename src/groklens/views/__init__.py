"""Pictures of tables, snapshots and explanations; a view selects and formats, and computes no statistics.

Every view returns its picture and shows nothing. Importing this package loads neither torch nor plotly.
"""

from groklens.views.curves import curves as curves
from groklens.views.figure import Figure as Figure
from groklens.views.figure import Page as Page
from groklens.views.findings import findings as findings
from groklens.views.logits import logits as logits
from groklens.views.neurons import neurons as neurons
from groklens.views.report import report as report
from groklens.views.spectrum import spectrum as spectrum
from groklens.views.summary import summary as summary

__all__ = ["Figure", "Page", "curves", "findings", "logits", "neurons", "report", "spectrum", "summary"]
