"""Which dt? The largest step that meets a tolerance, and the error of a given step."""

from lifcore.advice.advise import error_at, step_size
from lifcore.advice.answers import QUANTITIES
from lifcore.advice.result import Advice, Cost

__all__ = ["QUANTITIES", "Advice", "Cost", "error_at", "step_size"]
