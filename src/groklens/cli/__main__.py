"""`python -m groklens.cli` runs the command line."""

from groklens.cli import main

if __name__ == "__main__":
    main()
