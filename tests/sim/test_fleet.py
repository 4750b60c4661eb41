"""A fleet of evaluators on a bad day, over real HTTP, against a server that is killed: nothing acknowledged is lost."""

import json
import os
import shutil
import subprocess
import sys

import pytest

#: In one process, as starting one costs a second: the reference data, and then the command as it is typed.
DAY = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onewindow.config.settings")
from onewindow.config.start import load
load()
from onewindow.config.cli import run
from onewindow.config.management.commands.init import load_reference
load_reference()
sys.exit(run(["simulate-devices", "--here", "--devices", "7", "--questions", "1", "--json"]))
"""


@pytest.fixture(scope="module")
def ran(migrated, tmp_path_factory):
    """A short run in an instance of its own: seven devices, a question each, and one more while they are cut off."""
    home = tmp_path_factory.mktemp("fleet")
    shutil.copy(migrated, home / "onewindow.sqlite3")
    environment = os.environ | {
        "ONEWINDOW_DEMO": "1", "ONEWINDOW_DATA_DIR": str(home), "DATABASE_URL": f"sqlite:///{home}/onewindow.sqlite3",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", DAY], env=environment, capture_output=True, text=True)
    return done, (home / "fleet.log").read_text()


@pytest.mark.own_instance
@pytest.mark.django_db
def test_nothing_acknowledged_is_lost_and_nothing_doubled_on_the_worst_of_days(ran):
    done, log = ran
    assert done.returncode == 0, done.stdout + done.stderr + log[-2000:]
    told = json.loads(done.stdout)
    zero = ("lost", "doubled", "wrong", "left", "false_alarms", "badly_dated")
    assert [told[name] for name in zero] == [0] * len(zero)
    assert told["acknowledged"] >= 30 and told["reviews"] == told["answers"] > 7
    assert (told["wipes"], told["wipes_reported"]) == (1, 1)
    assert told["lost_by_wipes"] == told["lost_by_wipes_reported"] > 0
    assert (told["revoked"], told["revoked_reported"], told["forged_refused"], told["kills"]) == (1, 1, 1, 1)
    assert (told["hall_devices"], told["machines_marked"]) == (3, 1)
    assert told["said_at_stands"] == told["stored_at_stands"] == 2
    assert {"request lost", "answer lost", "doubled", "server away"} <= set(told["faults"])


@pytest.mark.own_instance
@pytest.mark.django_db
def test_nothing_personal_stands_in_an_address_or_a_log_line_of_that_day(ran):
    done, log = ran
    assert json.loads(done.stdout)["personal"] == []
    assert log.count("Started worker-1") == 2  # it is the log of the server that was killed and started again


def test_the_account_of_a_fleet_is_not_satisfied_by_less():
    """The rig fails where the build is broken: one acknowledged event that the server does not have is enough."""
    from onewindow.sim.fleet_account import Report

    good = {
        "devices": 1,
        "events": 3,
        "acknowledged": 3,
        "stored": 3,
        "answers": 1,
        "reviews": 1,
        "forged_refused": 1,
    }
    assert Report(**good).ok
    for bad in (
        {"lost": 1}, {"doubled": 1}, {"wrong": 1}, {"left": 1}, {"reviews": 2}, {"wipes": 1}, {"revoked": 1},
        {"personal": ["x"]}, {"forged_refused": 0}, {"badly_dated": 1}, {"stored": 2},
    ):  # fmt: skip
        assert not Report(**good | bad).ok


def test_a_fleet_that_may_not_pair_says_why_and_for_how_long():
    from onewindow.sim.caller import Answer
    from onewindow.sim.fleet import Refused, _given

    said = b'{"code": "too_many", "title": "Too many tries."}'
    headers = {"Content-Type": "application/problem+json", "Retry-After": "600"}
    with pytest.raises(Refused) as refused:
        _given(Answer(429, headers, said))
    assert str(refused.value) == "pairing refused: 429 too_many: Too many tries. (again in 600 seconds)"
