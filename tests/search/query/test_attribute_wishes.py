"""Wishes and exclusions, by the values in the columns."""

from search.query.attribute_wishes import find_wishes, rows_without
from search.text.attribute_vocabulary import Value, load_vocabulary
from tests.support.candidates import columns

VOCABULARY = load_vocabulary()
COLUMNS = columns(
    [1, 2, 3, 4, 5], colour=["Jet Black", "navy blue", None, "Black/White", "blackcurrant"]
)


def value(attribute: str, name: str) -> Value:
    found = VOCABULARY.value(attribute, name)
    assert found is not None
    return found


def test_unwanted_are_only_rows_known_to_have_the_value() -> None:
    keep = rows_without([value("colour", "black")], COLUMNS, VOCABULARY)
    assert keep.tolist() == [False, True, True, False, True]


def test_a_colour_within_the_name_of_another_is_not_meant() -> None:
    assert rows_without([value("colour", "blue")], COLUMNS, VOCABULARY).all()


def test_several_values_of_an_attribute_are_one_wish() -> None:
    wanted = [value("colour", "black"), value("colour", "navy")]
    (wish,) = find_wishes(wanted, COLUMNS, VOCABULARY)
    codes = COLUMNS.facets["colour"].codes
    assert wish.fits[codes].tolist() == [True, True, False, True, False]


def test_an_attribute_without_a_column_wishes_nothing() -> None:
    leather = value("material", "leather")
    assert find_wishes([leather], COLUMNS, VOCABULARY) == ()
    assert rows_without([leather], COLUMNS, VOCABULARY).all()
