"""Brian2's quantities by hand, through a stand-in that has what is used of them."""

import numpy as np
import pytest

from lifcore.models.brian import from_brian2, to_brian2
from lifcore.models.simulators import from_nest


class Quantity(np.ndarray):
    """An array of SI values with a dimension, as brian2.Quantity is."""

    def __new__(cls, value, **powers):
        made = np.asarray(value, dtype=float).view(cls)
        made.powers = powers
        return made

    @property
    def dim(self):
        return self

    def get_dimension(self, base):
        return self.powers.get(base, 0)


def volt(v):
    return Quantity(v, m=2, kg=1, s=-3, A=-1)


CELL = {
    "C_m": Quantity(250e-12, m=-2, kg=-1, s=4, A=2),
    "tau_m": Quantity(0.01, s=1),
    "tau_syn": Quantity(0.0005, s=1),
    "V_th": volt(-0.05),
    "V_reset": volt(-0.065),
    "E_L": volt(-0.065),
}


def test_quantities_by_hand():
    cell = from_brian2(**CELL, I_e=Quantity(400e-12, A=1), noise_sd=Quantity(2e-10, A=1))
    nest = from_nest(C_m=250, tau_m=10, tau_syn_ex=0.5, V_th=-50, V_reset=-65, E_L=-65, I_e=400)
    for name, value in (vars(nest) | {"noise_sd": 200.0}).items():
        assert getattr(cell, name) == pytest.approx(value, rel=1e-12), name
    back = to_brian2(cell)
    for name, quantity in CELL.items():
        assert back[name] == pytest.approx(float(quantity), rel=1e-12), name
    assert (back["I_e"], back["noise_sd"]) == (pytest.approx(4e-10), pytest.approx(2e-10))
    inputs = {"rates": Quantity([12_800.0], s=-1), "weights": Quantity([87.8e-12], A=1)}
    assert from_brian2(**CELL, **inputs).I_e == pytest.approx(561.92, rel=1e-9)


def test_refused():
    with pytest.raises(TypeError, match=r"tau_m = 10 has no unit; allowed: a Brian2 quantity"):
        from_brian2(**CELL | {"tau_m": 10})
    with pytest.raises(ValueError, match=r"tau_m = .* has the wrong dimension; allowed: ms"):
        from_brian2(**CELL | {"tau_m": volt(0.01)})
    with pytest.raises(ValueError, match=r"t_ref = -2\.0 is out of range"):
        from_brian2(**CELL, t_ref=Quantity(-0.002, s=1))
    assert from_brian2(**CELL, t_ref=Quantity(0.002, s=1)).t_ref == 2.0
    with pytest.raises(ValueError, match=r"^tau_syn = -0\.5 is out of range"):
        from_brian2(**CELL | {"tau_syn": Quantity(-0.0005, s=1)})
    with pytest.raises(TypeError, match=r"^from_brian2: tau_syn missing; allowed: all of "):
        from_brian2(**{name: value for name, value in CELL.items() if name != "tau_syn"})
    with pytest.raises(TypeError, match=r"taum is no parameter .* did you mean tau_m"):
        from_brian2(**CELL, taum=Quantity(0.01, s=1))
