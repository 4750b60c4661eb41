"""What a process of ours loads at its start stays, and the garbage collector passes it by."""

import subprocess
import sys

import pytest

LOOK = """
import gc, os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onewindow.config.settings")
{load}
print(gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


@pytest.mark.parametrize(
    "load",
    ["from onewindow.config.start import load; load()", "import onewindow.config.wsgi"],
)
def test_what_is_loaded_stays(load):
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(load=load)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True True\n"
