"""Common set-up of all tests, those of the notebooks included."""

import os

# Figures in unit tests need no window. Notebook kernels choose their inline backend themselves,
# which they do only if MPLBACKEND is unset: so the backend is set here, not in the environment.
os.environ.pop("MPLBACKEND", None)
# A slow machine must not add its progress to the outputs that are compared.
os.environ["LIFCORE_PROGRESS"] = "off"

import matplotlib

matplotlib.use("Agg")
