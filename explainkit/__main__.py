"""``python -m explainkit``."""

from explainkit.cli.main import run

if __name__ == "__main__":
    run()
