"""Renderers: charts as HTML pages, still pictures and notebook cells."""

from groklens.views.renderers.figure import STILL as STILL
from groklens.views.renderers.figure import Figure as Figure
from groklens.views.renderers.figure import Page as Page
from groklens.views.renderers.findings_picture import findings_still as findings_still
from groklens.views.renderers.html_document import chart as chart
from groklens.views.renderers.html_document import document as document
from groklens.views.renderers.html_document import in_script as in_script
from groklens.views.renderers.packed import UNPACK as UNPACK
from groklens.views.renderers.packed import packed as packed
