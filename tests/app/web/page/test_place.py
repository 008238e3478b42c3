"""Links to a spot of the page, and reading them back."""

from app.web.page.place import Place, read_place


def test_a_training_samples_lineage_has_a_link_of_its_own() -> None:
    href = Place(project="digits", round=1, tab="selection").link(tab="comparison", training=17)
    assert href == "?project=digits&round=1&tab=comparison&training=17"
    there = read_place({"project": "digits", "round": "1", "tab": "comparison", "training": "17"})
    assert (there.tab, there.number("training")) == ("comparison", 17)
    assert "training" not in there.link(training=None)


def test_a_training_sample_that_is_no_number_is_left_out() -> None:
    assert read_place({"tab": "comparison", "training": "x"}).number("training") is None
