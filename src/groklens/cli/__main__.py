"""`python -m groklens.cli` runs the command line."""

from groklens.cli import main

main()
