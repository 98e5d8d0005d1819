"""``python -m sirenvae``."""

import sys

from sirenvae.cli import main

if __name__ == "__main__":
    sys.exit(main())
