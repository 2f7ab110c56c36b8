"""``python -m lifcore``: the command line."""

import sys

from lifcore.verify import main

if __name__ == "__main__":
    sys.exit(main())
