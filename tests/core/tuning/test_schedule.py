import math
import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.tuning.schedule import learning_rate, plan_updates, process_share
from core.types import TuningSettings

LENGTHS = st.lists(st.tuples(st.integers(1, 300), st.booleans()), min_size=1, max_size=200)


def settings(**changes: object) -> TuningSettings:
    return TuningSettings(**{"batch_size": 4, "accumulation": 2, "epochs": 2.0, **changes})  # type: ignore[arg-type]


@given(LENGTHS, st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 5))
def test_every_epoch_learns_every_sample_once(
    kinds: list[tuple[int, bool]], size: int, accumulation: int, epochs: int, seed: int
) -> None:
    plan = plan_updates(
        [length for length, _ in kinds],
        [image for _, image in kinds],
        settings(batch_size=size, accumulation=accumulation, epochs=float(epochs), seed=seed),
    )
    batches = [batch for update in plan for batch in update]
    assert Counter(position for batch in batches for position in batch) == dict.fromkeys(range(len(kinds)), epochs)
    assert all(1 <= len(batch) <= size for batch in batches)
    assert all(1 <= len(update) <= accumulation for update in plan)
    assert all(len({kinds[position][1] for position in batch}) == 1 for batch in batches)


def test_the_order_depends_on_the_seed_alone() -> None:
    lengths, images = list(range(100)), [True] * 100
    first = plan_updates(lengths, images, settings(seed=1))
    assert first == plan_updates(lengths, images, settings(seed=1))
    assert first != plan_updates(lengths, images, settings(seed=2))


def test_two_epochs_have_different_orders() -> None:
    batches = [batch for update in plan_updates([9] * 40, [True] * 40, settings()) for batch in update]
    assert batches[:10] != batches[10:]


def test_half_an_epoch_is_half_the_batches_and_never_none() -> None:
    assert len(plan_updates([5] * 80, [True] * 80, settings(epochs=0.5, accumulation=1))) == 10
    assert len(plan_updates([5] * 80, [True] * 80, settings(epochs=1.5, accumulation=1))) == 30
    assert len(plan_updates([5], [True], settings(epochs=0.001))) == 1


def test_batches_hold_similar_lengths() -> None:
    lengths = [position % 64 for position in range(256)]
    batches = [batch for update in plan_updates(lengths, [True] * 256, settings(epochs=1.0)) for batch in update]
    spread = [max(lengths[p] for p in batch) - min(lengths[p] for p in batch) for batch in batches]
    assert sum(spread) / len(spread) < 16  # unsorted batches of 4 would spread by about 38


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 8), st.randoms())
def test_the_shares_of_an_update_are_the_update_and_none_waits_while_another_has_two_samples(
    sizes: list[int], processes: int, chance: random.Random
) -> None:
    positions = iter(range(sum(sizes)))
    update = [[next(positions) for _ in range(size)] for size in sizes]
    lengths = [chance.randint(1, 300) for _ in range(sum(sizes))]
    shares = [process_share(update, lengths, rank, processes) for rank in range(processes)]
    assert sorted(p for mine in shares for batch in mine for p in batch) == list(range(sum(sizes)))
    assert max(map(len, update)) >= max(len(batch) for mine in shares for batch in mine)
    if not all(shares):
        assert sum(sizes) < processes
        assert all(len(batch) == 1 for mine in shares for batch in mine)


def test_one_process_learns_the_update_as_it_is() -> None:
    update = [[3, 1], [0], [5, 4, 2]]
    assert process_share(update, [1, 2, 3, 4, 5, 6], 0, 1) == update


def test_shares_hold_about_as_many_tokens_each() -> None:
    update = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    shares = [process_share(update, [10] * 12, rank, 2) for rank in (0, 1)]
    assert [sum(map(len, mine)) for mine in shares] == [6, 6]


@given(st.integers(1, 400), st.floats(0, 1))
def test_the_rate_warms_up_to_its_setting_and_then_only_falls(total: int, warmup: float) -> None:
    chosen = settings(learning_rate=0.5, warmup=warmup)
    rates = [learning_rate(number, total, chosen) for number in range(1, total + 1)]
    warm = math.ceil(warmup * total)
    assert all(0 < rate <= 0.5 for rate in rates)
    assert rates[:warm] == sorted(rates[:warm])
    assert rates[warm:] == sorted(rates[warm:], reverse=True)
    assert max(rates) == 0.5
