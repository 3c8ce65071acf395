"""``python -m jupyter_notebook_stop.cli``."""

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main())
