"""``python -m app``: the command ``kafkascope`` without an installed script."""

from app.cli import main

if __name__ == "__main__":
    main()
