"""Brian2's C++ standalone mode, as the networks of this folder share it."""

import shutil
import tempfile
from contextlib import contextmanager

from brian2 import Network, defaultclock, device, second, set_device


@contextmanager
def standalone(h):
    """Build what is run within, with steps of `h` seconds, in a folder that is removed after."""
    folder = tempfile.mkdtemp()
    try:
        set_device("cpp_standalone", directory=folder, build_on_run=True)
        defaultclock.dt = h * second
        yield
    finally:
        shutil.rmtree(folder)


def best_run(objects, steps, h, repeat=2):
    """Compile a network once and return the processor time of the fastest of some runs of it.

    The objects are named one by one: `brian2.run` leaves out those that stand in lists.
    """
    Network(*objects).run(steps * h * second)
    seconds = [device._last_run_time]
    for _ in range(repeat - 1):
        device.run(with_output=False)
        seconds.append(device._last_run_time)
    return min(seconds)
