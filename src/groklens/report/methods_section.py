"""The report's last section: how it was done, as a paper says it, and the literature, for copying."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groklens.explain import Explanation

#: What a click on a button copies: the text beside it. Where the browser refuses, the text is selected instead.
_COPY = """<script>
document.querySelectorAll("button.copy").forEach(function (button) {
  button.hidden = false;
  button.addEventListener("click", function () {
    const words = button.parentElement.querySelector(".words");
    const copied = navigator.clipboard ? navigator.clipboard.writeText(words.textContent) : Promise.reject();
    copied.then(function () { button.textContent = "Copied"; },
      function () { getSelection().selectAllChildren(words); button.textContent = "Selected"; });
  });
});
</script>"""


def methods_section(explanation: Explanation) -> str:
    """The methods paragraph and the BibTeX of the sources, folded up until somebody asks for them."""
    parts = [_folded("Methods", f'<p class="words">{escape(explanation.methods())}</p>')]
    if entries := explanation.bibtex():
        parts.append(_folded("Sources, as BibTeX", f'<pre class="words">{escape(entries)}</pre>'))
    return "\n".join([*parts, _COPY])


def _folded(title: str, words: str) -> str:
    copy = '<button type="button" class="copy" hidden>Copy</button>'
    return f"<details><summary>{title}</summary>{words}{copy}</details>"
