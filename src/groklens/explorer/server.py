"""`explorer.serve`: the explorer as a page on this machine alone, behind a random token."""


def serve() -> None:
    """Serve the explorer."""
