"""Pending, authorised, active, suspended, revoked, retired: each change of a device's state is written down, with who and when."""

import pytest
from django.db import DatabaseError, connection, transaction

from onewindow.cases import instant
from onewindow.cases.models import Notice
from onewindow.voice import alarms, evaluators, placing, watch
from onewindow.voice.actions import NotPossible
from onewindow.voice.device_models import DeviceAlarm
from onewindow.voice.models import Device, DeviceState, DeviceStep, Prompt
from tests.town import at

pytestmark = pytest.mark.django_db


def steps(device):
    return list(DeviceStep.objects.filter(device=device).values_list("before", "after", "by"))


def state(device):
    return Device.objects.get(pk=device.pk).state


@pytest.fixture
def proposed(town):
    pairing, token = placing.offer_pairing(model="tablet")
    return placing.propose(pairing, counter=town.counter, by=town.zhou), pairing, token


def test_a_device_comes_into_use_by_three_steps(town, client, proposed):
    device, _pairing, token = proposed
    assert placing.collect_secret(token) is None  # the numbers have not been compared
    placing.confirm(device, by=town.zhou)
    _device, secret = placing.collect_secret(token)
    assert state(device) == "authorised"
    assert client.get("/api/device/v1/next", headers={"Authorization": f"Device {secret}"}).status_code == 204
    assert steps(device) == [
        ("", "pending", "zhou"),
        ("pending", "authorised", "zhou"),
        ("authorised", "active", "device"),
    ]


def test_a_pending_device_does_not_push_out_the_one_at_the_window(town, evaluator, proposed):
    device, pairing, _token = proposed
    assert state(evaluator.device) == "authorised"
    assert placing.open_pairing(pairing.user_code) == pairing
    placing.confirm(device, by=town.zhou)
    assert (state(evaluator.device), state(device)) == ("revoked", "authorised")
    assert steps(evaluator.device)[-1] == ("authorised", "revoked", "zhou")


def test_what_nobody_confirms_while_its_code_works_is_not_paired(town, proposed, monday):
    device, _pairing, token = proposed
    monday.shift(601)
    watch.look(at("2026-11-23 10:10:01"))
    assert steps(device)[-1] == ("pending", "revoked", "system")
    with pytest.raises(NotPossible):
        placing.collect_secret(token)
    with pytest.raises(NotPossible):
        placing.confirm(Device.objects.get(pk=device.pk), by=town.zhou)


def test_a_manager_whose_numbers_differ_drops_the_device(town, client, signed_in, proposed):
    device, _pairing, _token = proposed
    page = signed_in(town.zhou).get(f"/desk/devices/{device.code}/?lang=en").content.decode()
    assert "Not paired yet" in page and "Numbers not yet compared" in page
    client.post(f"/desk/devices/{device.code}/", {"revoke": "1"})
    assert steps(device)[-1] == ("pending", "revoked", "zhou")


def test_the_way_between_the_states_is_the_one_that_is_written_down():
    assert set(placing.STEPS) == set(DeviceState.values)
    found = {(before, after) for before, afters in placing.STEPS.items() for after in afters}
    assert found == {
        ("pending", "authorised"), ("pending", "revoked"),
        ("authorised", "active"), ("authorised", "suspended"), ("authorised", "revoked"), ("authorised", "retired"),
        ("active", "suspended"), ("active", "revoked"), ("active", "retired"),
        ("suspended", "authorised"), ("suspended", "active"), ("suspended", "revoked"),
    }  # fmt: skip


def test_a_step_that_is_none_and_one_that_came_second_write_nothing(town, evaluator):
    evaluator.next()
    device, same = (Device.objects.get(pk=evaluator.device.pk) for _ in range(2))
    assert placing.go(device, "suspended", by="zhou") and not placing.go(same, "revoked", by="zhou")
    assert not placing.go(device, "retired", by="zhou")
    assert steps(device)[-1] == ("active", "suspended", "zhou") and len(steps(device)) == 4


def test_a_device_is_retired_when_it_has_sent_what_it_holds(town, evaluator):
    evaluator.odp.note("boot")
    evaluator.odp.heartbeat()
    device = Device.objects.get(pk=evaluator.device.pk)
    assert placing.retire(device, by=town.zhou) is False
    assert evaluator.odp.heartbeat(leaving=True)["retire"] is True  # one event waits: not yet
    assert state(device) == "active"
    evaluator.odp.flush()
    assert evaluator.odp.heartbeat()["retire"] is True  # it does not say that it takes nothing more: not yet
    assert evaluator.odp.heartbeat(leaving=True) is None and evaluator.odp.stopped == "device_retired"
    assert steps(device)[-1] == ("active", "retired", "zhou")
    answer = evaluator.next()
    assert (answer.status_code, answer.json()["code"], answer.json()["wipe"]) == (401, "device_retired", True)
    assert not DeviceAlarm.objects.exists()


def test_a_device_that_leaves_is_asked_nothing_and_may_stay_after_all(town, evaluator):
    evaluator.odp.heartbeat()
    device = Device.objects.get(pk=evaluator.device.pk)
    placing.retire(device, by=town.zhou)
    town.accepted(n=1)
    assert evaluator.prompt() is None
    Prompt.objects.create(
        number="X", touchpoint="accepted", device=device, counter=town.counter, title="X", state="expired",
        created_at=instant.now(), expires_at=instant.now(),
    )  # fmt: skip
    assert evaluators.to_ask_again(town.counter.pk) is None
    placing.keep_on(device, by=town.zhou)
    assert evaluators.to_ask_again(town.counter.pk) is not None
    placing.keep_on(device, by=town.zhou)
    assert evaluator.odp.heartbeat(leaving=True)["retire"] is False and state(device) == "active"
    town.accepted(n=2)
    assert evaluator.prompt() is not None


def test_a_device_that_was_never_heard_of_is_retired_at_once_and_a_resting_one_is_not(town, pair):
    device = pair(town.counter, town.zhou).device
    placing.suspend(Device.objects.get(pk=device.pk), by=town.zhou)
    with pytest.raises(NotPossible, match="not_in_use"):
        placing.retire(Device.objects.get(pk=device.pk), by=town.zhou)
    placing.reactivate(Device.objects.get(pk=device.pk), by=town.zhou)
    assert state(device) == "authorised"
    assert placing.retire(Device.objects.get(pk=device.pk), by=town.zhou) is True
    assert state(device) == "retired"


def test_the_history_of_a_window_goes_on_over_its_devices(town, pair, signed_in):
    one = pair(town.counter, town.zhou)
    placing.retire(Device.objects.get(pk=one.device.pk), by=town.zhou)
    two = pair(town.counter, town.zhou)
    assert (state(one.device), Device.objects.at_window(town.counter.pk).get().pk) == (
        "retired",
        two.device.pk,
    )
    page = signed_in(town.zhou).get(f"/desk/devices/{one.device.code}/?lang=en").content.decode()
    assert "Retired" in page and "zhou" in page and "Put it at another window" not in page


@pytest.mark.parametrize("change", ["UPDATE voice_devicestep SET by = 'x'", "DELETE FROM voice_devicestep"])
def test_the_database_refuses_to_change_a_step(town, evaluator, change):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(change)


def test_what_is_out_of_use_has_no_clock_to_put_right_and_leaves_the_bell(town, evaluator):
    for kind in ("clock", "full", "dark", "gap"):
        alarms.sound(evaluator.device, kind)
    placing.revoke(evaluator.device, by=town.zhou)
    assert list(DeviceAlarm.objects.open().values_list("kind", flat=True)) == [
        "gap"
    ]  # somebody has to look at that
    waiting = Notice.objects.unread().filter(person=town.zhou)
    assert [n.data["what"]["name"] for n in waiting] == ["记录缺失"]
