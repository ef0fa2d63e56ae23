"""`python -m partnerhook`."""

from partnerhook.cli import main

if __name__ == "__main__":
    main()
