"""The command line, ``python -m lifcore``."""

from lifcore.commands.verify import chapters, main, stored_claims

__all__ = ["chapters", "main", "stored_claims"]
