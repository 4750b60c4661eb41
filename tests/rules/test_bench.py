"""The benchmarks write rows by raw SQL: a column that they do not know of would break them, and nobody would see it."""

import pytest

from bench import reviews
from onewindow.voice.models import Review


@pytest.mark.django_db
def test_the_reviews_of_the_benchmark_fit_the_table(town):
    town.hall.counters.update(has_device=True)
    reviews.fill(25_000)  # beyond what a 32-bit product holds
    assert 0 < Review.objects.count() <= 25_000
    assert set(Review.objects.values_list("item_code", flat=True)) <= {
        "ZD-MSA-001",
        town.health.item.code,
        town.proof.item.code,
    }
