"""How many examples the tests of properties run."""

from hypothesis import settings

FULL = settings.get_profile("default").max_examples


def examples(count: int) -> settings:
    """Return settings for that many examples; a quick profile runs the same share of them."""
    share = settings().max_examples / FULL
    return settings(max_examples=max(1, round(count * share)), deadline=None)
