"""``python -m lifcore``: the command line."""

import sys

from lifcore.commands.verify import main

if __name__ == "__main__":
    sys.exit(main())
