"""Takes from Python what Windows lacks. Python imports a module of this name when it starts, if the folder is in PYTHONPATH."""

import ctypes
import os
import signal
import subprocess
import sys

HIDDEN = ("/proc/", "/sys/")

for name in ("nice", "sched_getaffinity", "sysconf"):
    delattr(os, name)
for name in ("pthread_sigmask", "SIGKILL"):
    delattr(signal, name)
subprocess.Popen.kill = subprocess.Popen.terminate
sys.modules["resource"] = None


class CDLL(ctypes.CDLL):
    """On Windows a library needs a name."""

    def __init__(self, name, *arguments, **options):
        if name is None:
            raise TypeError("LoadLibrary() argument 1 must be str, not None")
        super().__init__(name, *arguments, **options)


ctypes.CDLL = CDLL


def hide(event, arguments):
    """Let no file of these folders be opened."""
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith(HIDDEN):
        raise FileNotFoundError(2, "No such file or directory", arguments[0])


sys.addaudithook(hide)
