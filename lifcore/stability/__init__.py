"""Lyapunov exponents: from the flux, from saltation along paths, from the growth of differences."""

from lifcore.stability.exponents import Exponent, saltation_factor
from lifcore.stability.growth import Synchrony, exponent_by_growth, synchronise
from lifcore.stability.lyapunov import exponent_by_flux, exponent_by_tangent
from lifcore.stability.spectrum import Spectrum
from lifcore.stability.tangent import network_spectrum, spectrum_of_record

__all__ = [
    "Exponent",
    "Spectrum",
    "Synchrony",
    "exponent_by_flux",
    "exponent_by_growth",
    "exponent_by_tangent",
    "network_spectrum",
    "saltation_factor",
    "spectrum_of_record",
    "synchronise",
]
