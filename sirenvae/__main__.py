"""``python -m sirenvae``."""

import sys

if __name__ == "__main__":
    try:
        from sirenvae.cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(main())
