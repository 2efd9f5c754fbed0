"""What the site's builder asks for: pages made from the code, the examples and the studies, and their navigation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs.made import architecture, gallery, known, reference, studies

MADE = (reference, gallery, studies, known, architecture)
#: The address of every made page, and its text; of every picture, and where it lies.
PAGES = {address: text for each in MADE for address, text in each.pages().items()}
PICTURES = {address: path for each in MADE for address, path in each.pictures().items()}


def on_config(config: Any) -> Any:
    """The reference takes its place in the navigation."""
    config.nav = [filled(entry) for entry in config.nav]
    return config


def filled(entry: Any) -> Any:
    """An entry of the navigation; one that names a folder has all of its pages, the index first."""
    ((title, inside),) = entry.items()
    if isinstance(inside, list):
        return {title: [filled(each) for each in inside]}
    if inside.endswith("/"):
        pages = [address for address in PAGES if address.startswith(inside)]
        return {title: sorted(pages, key=lambda address: (not address.endswith("index.md"), address))}
    return entry


def on_files(files: Files, config: Any) -> Files:
    """The made pages and their pictures join the written ones."""
    for address, text in PAGES.items():
        files.append(File.generated(config, address, content=text))
    for address, path in PICTURES.items():
        files.append(File.generated(config, address, abs_src_path=str(path)))
    return files


#: What the builder's offline mode asks the network for, and the file of ours that does the same.
ASKED, OURS = "https://unpkg.com/iframe-worker/shim", "offline-worker.js"


def on_post_page(output: str, page: Any, config: Any) -> str:
    """No page asks the network for anything."""
    return output.replace(ASKED, get_relative_url(OURS, page.url))


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """Nor does the page for addresses that lead nowhere."""
    return output_content.replace(ASKED, OURS)
