"""``python -m jupyter_notebook_stop.cli``."""

from . import main

if __name__ == "__main__":
    main()
