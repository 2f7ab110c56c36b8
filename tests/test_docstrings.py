"""Every public name of lifcore is documented, with examples that run."""

import doctest
import importlib
import inspect
import pkgutil

import pytest
from numba.core.dispatcher import Dispatcher

import lifcore

MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(lifcore.__path__, "lifcore.")
    if not module.name.endswith("__main__")
]


def public():
    """Yield (name, object) of every public function, class, method and property."""
    for module in MODULES:
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            if isinstance(thing, Dispatcher) or inspect.isroutine(thing):
                yield f"{module.__name__}.{name}", thing
            elif inspect.isclass(thing):
                yield f"{module.__name__}.{name}", thing
                for member, value in vars(thing).items():
                    if not member.startswith("_") and (
                        inspect.isfunction(value) or isinstance(value, property)
                    ):
                        yield f"{module.__name__}.{name}.{member}", value


PUBLIC = dict(public())


def test_public_names_are_found():
    names = {"models.neuron.LIF", "runs.simulate.simulate", "schemes.refinement.refine"}
    assert {f"lifcore.{name}" for name in names} <= set(PUBLIC)
    assert len(PUBLIC) > 60


@pytest.mark.parametrize("name", PUBLIC)
def test_has_a_docstring(name):
    assert inspect.getdoc(PUBLIC[name])


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, thing in PUBLIC.items()
        # Kernels work in place on what the functions around them allocate: those have examples.
        if not isinstance(thing, Dispatcher | property)
    ],
)
def test_has_an_example(name):
    doc = inspect.getdoc(PUBLIC[name])
    assert "Examples\n--------\n>>> " in doc


@pytest.mark.parametrize("module", [lifcore, *MODULES], ids=lambda module: module.__name__)
def test_examples_run(module):
    failed, _ = doctest.testmod(module)
    assert failed == 0
