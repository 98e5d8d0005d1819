"""The paper's Table 1 beside ours."""

import pytest

import sirenvae as sv
from sirenvae.graphs.telling import printed
from sirenvae.graphs.telling.printed import beside_table_1


def test_the_trace_is_the_printed_one_in_topological_order_alone():
    network = sv.load_network("student")
    rows = beside_table_1(sv.invert(network).steps)
    assert all(row["as the paper prints"] for row in rows)
    assert rows[1] | {"goes": "I", "fill edges": "G–S"} == rows[1]
    assert not all(row["as the paper prints"] for row in beside_table_1(sv.invert(network, "reverse").steps))


@pytest.mark.parametrize("part", range(4))
def test_each_printed_column_is_compared(monkeypatch, part):
    wrong = list(map(list, printed.TABLE_1))
    wrong[2][part] = [("D",), "D", (("D", "L"),), ("D",)][part]
    monkeypatch.setattr(printed, "TABLE_1", wrong)
    rows = beside_table_1(sv.invert(sv.load_network("student")).steps)
    assert [row["as the paper prints"] for row in rows] == [True, True, False, True, True]


def test_another_number_of_steps_is_refused():
    with pytest.raises(ValueError, match="argument 2"):
        beside_table_1(sv.invert(sv.load_network("chain")).steps)
