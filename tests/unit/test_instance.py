"""What the workers of one instance know of each other."""

import os

from dynamodb_items.runtime.instance import Instance


def test_workers_wait_for_one_that_is_younger_than_all_of_them():
    instance = Instance()
    instance.mark_serving(1)
    instance.mark_serving(2)
    assert instance.youngest == 2
    assert not instance.awaits_younger(2), "a worker that ends alone does not wait"
    instance.mark_started(3)
    assert instance.awaits_younger(2)
    instance.mark_serving(3)
    assert not instance.awaits_younger(2)


def test_an_older_worker_that_serves_later_changes_nothing():
    instance = Instance()
    instance.mark_serving(70_000)
    instance.mark_serving(2)
    assert instance.youngest == 70_000


def test_no_worker_waits_where_the_arbiter_ends():
    """After a binary upgrade the old arbiter ends and the instance does not stop."""
    instance = Instance()
    instance.mark_serving(1)
    instance.mark_started(2)
    instance.mark_ending()
    assert not instance.awaits_younger(1)
    assert not instance.is_stopping


def test_what_a_child_process_records_is_seen_by_its_parent():
    instance = Instance()
    instance.mark_started(5)
    assert instance.awaits_younger(4)
    child = os.fork()
    if child == 0:
        instance.mark_serving(5)
        os._exit(0)
    os.waitpid(child, 0)
    assert not instance.awaits_younger(4)
