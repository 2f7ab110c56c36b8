"""The command line, ``python -m lifcore``."""

from lifcore.commands.notebooks import chapters, stored_claims
from lifcore.commands.verify import main

__all__ = ["chapters", "main", "stored_claims"]
