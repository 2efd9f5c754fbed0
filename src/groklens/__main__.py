"""The command line as `python -m groklens`."""

from groklens.cli import main

if __name__ == "__main__":
    main()
