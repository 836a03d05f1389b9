"""A join that some choice can leave waiting for ever is found before a case stands there; blocks that fit are not complained of."""

from hypothesis import given, settings

from zhida.blocks.cases.process import stuck_joins
from zhida.blocks.cases.process.tests.drawing import chain, drawn, flow, node
from zhida.blocks.cases.process.tests.test_round_trip import blocks, drawing


def test_a_parallel_join_behind_a_choice_is_found() -> None:
    for kind in ("exclusiveGateway", "inclusiveGateway"):
        parts = [node(kind, "g", default="g-a"), node("userTask", "a"), node("userTask", "b"), chain("s", "g", "a", "j", "e")]
        parts += [flow("g", "b", "x"), chain("b", "j")]
        (sentence,) = stuck_joins(drawn(*parts, node("parallelGateway", "j", name="汇合")))
        assert "汇合" in sentence.zh and "parallelGateway j" in sentence.en
        assert stuck_joins(drawn(*parts, node("inclusiveGateway", "j"))) == []


@settings(max_examples=8, deadline=None)
@given(blocks)
def test_blocks_always_fit(block: object) -> None:
    assert stuck_joins(drawing(block)) == []
