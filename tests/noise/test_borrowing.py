"""What counts no references hands no array on, and what it borrows is still there afterwards."""

import ast
import gc
import importlib
import inspect
import pkgutil
import typing

import numpy as np
import pytest
from numba.core.errors import TypingError
from numba.core.runtime import _nrt_python, rtsys

import lifcore
from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from lifcore.noise import dispatch

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(lifcore.__path__, "lifcore.")
    if not found.name.endswith("__main__")
]


def decorated(name):
    """Yield module, decorator and function of all that are decorated by a call of this name."""
    for module in MODULES:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            for mark in getattr(node, "decorator_list", []):
                if isinstance(mark, ast.Call) and getattr(mark.func, "id", None) == name:
                    yield module, mark, node


BORROWING = {f"{m.__name__}.{node.name}": node for m, _, node in decorated("borrowing")}
KERNELS = {f"{m.__name__}.{node.name}": (m, mark) for m, mark, node in decorated("kernel")}


def handed_on(node):
    """Return which parameters, or parts of them that may be arrays, a function returns."""
    parameters = {argument.arg for argument in node.args.args}
    numbers = {
        x.target.id
        for x in ast.walk(node)
        if isinstance(x, ast.AugAssign) and isinstance(x.target, ast.Name)
    }
    parameters -= numbers
    found = set()
    for returned in ast.walk(node):
        if isinstance(returned, ast.Return) and returned.value is not None:
            value = returned.value
            parts = value.elts if isinstance(value, ast.Tuple) else [value]
            for part in parts:
                slices = any(isinstance(inner, ast.Slice) for inner in ast.walk(part))
                whole = isinstance(part, ast.Name) and part.id in parameters
                if slices or whole:
                    found.add(ast.unparse(part))
    return found


@pytest.mark.parametrize("name", BORROWING)
def test_a_borrowing_function_returns_nothing_that_it_was_handed(name):
    assert handed_on(BORROWING[name]) == set()


def test_handing_on_would_be_noticed():
    bad = ast.parse("def f(a, b):\n    return 1, b").body[0]
    worse = ast.parse("def f(a, b):\n    return a[1:]").body[0]
    assert (handed_on(bad), handed_on(worse)) == ({"b"}, {"a[1:]"})


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_that_borrows_returns_numbers(name):
    module, mark = KERNELS[name]
    if not any(word.arg == "borrows" and word.value.value for word in mark.keywords):
        return
    generic = getattr(module, mark.args[0].id)
    returned = typing.get_type_hints(generic)["return"]
    parts = typing.get_args(returned) or (returned,)
    assert set(parts) <= {type(None), int, float}, f"{name} returns {returned}"


def test_allocating_is_refused_when_it_is_compiled():
    fails = dispatch.borrowing(cache=False)(lambda n: np.zeros(n).sum())
    with pytest.raises(TypingError, match="Only accept returning of array passed"):
        fails(3)


@pytest.fixture
def counting():
    """Have numba count its allocations."""
    _nrt_python.memsys_enable_stats()
    yield
    _nrt_python.memsys_disable_stats()


def test_runs_leave_no_array_behind(counting):
    chain = Feedforward([LIF(mu=1.5), LIF()], [np.full((2, 3), 0.3)])
    loop = Recurrent(LIF(mu=1.5), np.full((3, 3), 0.1))
    runs = [
        lambda: simulate(LIF(t_ref=0.25), h=0.125, T=4.0, paths=40, seed=1, scheme="exact"),
        lambda: simulate(chain, h=0.125, T=4.0, paths=40, seed=1, scheme="exact"),
        lambda: couple(chain, h=[0.25, 0.125], T=4.0, paths=40, seed=1),
        lambda: couple(loop, h=[0.25, 0.125], T=4.0, paths=40, seed=1, scheme="exponential"),
    ]
    for run in runs:
        run()  # what is kept for the next time is made now
    gc.collect()
    before = rtsys.get_allocation_stats()
    for run in runs:
        run()
    gc.collect()
    after = rtsys.get_allocation_stats()
    assert after.alloc - before.alloc > 0
    assert after.alloc - before.alloc == after.free - before.free
