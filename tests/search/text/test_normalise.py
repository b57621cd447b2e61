"""Normal forms of text, pinned because products, rules and generations store them."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, literal, select

from search.text.normalise import (
    compatible,
    folded,
    folded_path,
    identifier,
    letters_and_digits,
    normalised,
    one_line,
    single_spaced,
    visible_text,
)
from search.text.normalise_sql import folded_path_sql, folded_sql, normalised_sql

TEXTS = (
    "",
    "  Red\t MUG \n",
    "Stra\xdfe \u1e9e \ufb01n",
    "Cafe\u0301 CRE\u0300ME",
    "\ufeffImage URL\u200b",
    "\uff26\uff35\uff2c\uff2c\uff0d\uff37\uff29\uff24\uff34\uff28 \uff11\uff12",
    "a\xa0b\u2003c\u3000d",
    "zero\u200bwidth\xadsoft",
    "bell\x07tab\x1f\x7fend\x85next",
    "NUL\x00here",
    "\u0130stanbul \u0131I",
    "Kettle & Co.",
    "x\xb2\xbd \u2122 \u21165",
    "Home>Mugs >  Tea ",
    " > A>>b ",
    "\ufb00\u0345\u03b0 \u03c2 \u03a3",
    "\u1e9b\u0323 \u2126 \u212b",
    "\U0001f469\u200d\U0001f373 emoji\u202e rtl",
    "item_name-No.1",
    "\u01c5 \u0149",
    "half \ud83d pair",
)
PINNED = {
    "normalised": (
        "",
        "red mug",
        "strasse ss fin",
        "caf\xe9 cr\xe8me",
        "\ufeffimage url\u200b",
        "full-width 12",
        "a b c d",
        "zero\u200bwidth\xadsoft",
        "bell\x07tab \x7fend next",
        "nul\x00here",
        "i\u0307stanbul \u0131i",
        "kettle & co.",
        "x21\u20442 tm no5",
        "home>mugs > tea",
        "> a>>b",
        "ff\u03b9\u03c5\u0308\u0301 \u03c3 \u03c3",
        "\u1e69 \u03c9 \xe5",
        "\U0001f469\u200d\U0001f373 emoji\u202e rtl",
        "item_name-no.1",
        "d\u017e \u02bcn",
        "half \ud83d pair",
    ),
    "one_line": (
        "",
        "Red MUG",
        "Stra\xdfe \u1e9e \ufb01n",
        "Caf\xe9 CR\xc8ME",
        "\ufeffImage URL\u200b",
        "\uff26\uff35\uff2c\uff2c\uff0d\uff37\uff29\uff24\uff34\uff28 \uff11\uff12",
        "a b c d",
        "zero\u200bwidth\xadsoft",
        "belltab end next",
        "NUL\x00here",
        "\u0130stanbul \u0131I",
        "Kettle & Co.",
        "x\xb2\xbd \u2122 \u21165",
        "Home>Mugs > Tea",
        "> A>>b",
        "\ufb00\u0345\u03b0 \u03c2 \u03a3",
        "\u1e9b\u0323 \u03a9 \xc5",
        "\U0001f469\u200d\U0001f373 emoji\u202e rtl",
        "item_name-No.1",
        "\u01c5 \u0149",
        "half \ud83d pair",
    ),
    "visible_text": (
        "",
        "Red MUG",
        "Stra\xdfe \u1e9e \ufb01n",
        "Caf\xe9 CR\xc8ME",
        "Image URL",
        "\uff26\uff35\uff2c\uff2c\uff0d\uff37\uff29\uff24\uff34\uff28 \uff11\uff12",
        "a b c d",
        "zerowidthsoft",
        "bell tab end next",
        "NUL here",
        "\u0130stanbul \u0131I",
        "Kettle & Co.",
        "x\xb2\xbd \u2122 \u21165",
        "Home>Mugs > Tea",
        "> A>>b",
        "\ufb00\u0345\u03b0 \u03c2 \u03a3",
        "\u1e9b\u0323 \u03a9 \xc5",
        "\U0001f469\u200d\U0001f373 emoji rtl",
        "item_name-No.1",
        "\u01c5 \u0149",
        "half pair",
    ),
    "letters_and_digits": (
        "",
        "redmug",
        "strassessfin",
        "cafecreme",
        "imageurl",
        "\uff46\uff55\uff4c\uff4c\uff57\uff49\uff44\uff54\uff48\uff11\uff12",
        "abcd",
        "zerowidthsoft",
        "belltabendnext",
        "nulhere",
        "istanbul\u0131i",
        "kettleco",
        "x\xb2\xbd5",
        "homemugstea",
        "ab",
        "ff\u03b9\u03c5\u03c3\u03c3",
        "\u1e61\u03c9\xe5",
        "emojirtl",
        "itemnameno1",
        "\u01c6\u02bcn",
        "halfpair",
    ),
    "folded_path": (
        "",
        "red\t mug",
        "strasse ss fin",
        "cafe\u0301 cre\u0300me",
        "\ufeffimage url\u200b",
        "\uff46\uff55\uff4c\uff4c\uff0d\uff57\uff49\uff44\uff54\uff48 \uff11\uff12",
        "a\xa0b\u2003c\u3000d",
        "zero\u200bwidth\xadsoft",
        "bell\x07tab\x1f\x7fend\x85next",
        "nul\x00here",
        "i\u0307stanbul \u0131i",
        "kettle & co.",
        "x\xb2\xbd \u2122 \u21165",
        "home > mugs > tea",
        " > a >  > b",
        "ff\u03b9\u03c5\u0308\u0301 \u03c3 \u03c3",
        "\u1e61\u0323 \u03c9 \xe5",
        "\U0001f469\u200d\U0001f373 emoji\u202e rtl",
        "item_name-no.1",
        "\u01c6 \u02bcn",
        "half \ud83d pair",
    ),
    "single_spaced": (
        "",
        "Red MUG",
        "Stra\xdfe \u1e9e \ufb01n",
        "Cafe\u0301 CRE\u0300ME",
        "\ufeffImage URL\u200b",
        "\uff26\uff35\uff2c\uff2c\uff0d\uff37\uff29\uff24\uff34\uff28 \uff11\uff12",
        "a b c d",
        "zero\u200bwidth\xadsoft",
        "bell\x07tab \x7fend next",
        "NUL\x00here",
        "\u0130stanbul \u0131I",
        "Kettle & Co.",
        "x\xb2\xbd \u2122 \u21165",
        "Home>Mugs > Tea",
        "> A>>b",
        "\ufb00\u0345\u03b0 \u03c2 \u03a3",
        "\u1e9b\u0323 \u2126 \u212b",
        "\U0001f469\u200d\U0001f373 emoji\u202e rtl",
        "item_name-No.1",
        "\u01c5 \u0149",
        "half \ud83d pair",
    ),
    "folded": (
        "",
        "red\t mug",
        "strasse ss fin",
        "cafe\u0301 cre\u0300me",
        "\ufeffimage url\u200b",
        "\uff46\uff55\uff4c\uff4c\uff0d\uff57\uff49\uff44\uff54\uff48 \uff11\uff12",
        "a\xa0b\u2003c\u3000d",
        "zero\u200bwidth\xadsoft",
        "bell\x07tab\x1f\x7fend\x85next",
        "nul\x00here",
        "i\u0307stanbul \u0131i",
        "kettle & co.",
        "x\xb2\xbd \u2122 \u21165",
        "home>mugs >  tea",
        "> a>>b",
        "ff\u03b9\u03c5\u0308\u0301 \u03c3 \u03c3",
        "\u1e61\u0323 \u03c9 \xe5",
        "\U0001f469\u200d\U0001f373 emoji\u202e rtl",
        "item_name-no.1",
        "\u01c6 \u02bcn",
        "half \ud83d pair",
    ),
    "column_key": (
        "",
        "red_mug",
        "strasse_ss_fin",
        "caf\xe9_cr\xe8me",
        "image_url",
        "full_width_12",
        "a_b_c_d",
        "zero_width_soft",
        "bell_tab_end_next",
        "nul_here",
        "i_stanbul_\u0131i",
        "kettle_co",
        "x21_2_tm_no5",
        "home_mugs_tea",
        "a_b",
        "ff\u03b9\u03c5_\u03c3_\u03c3",
        "\u1e69_\u03c9_\xe5",
        "emoji_rtl",
        "item_name_no_1",
        "d\u017e_\u02bcn",
        "half_pair",
    ),
}
FORMS: dict[str, Callable[[str], str]] = {
    "normalised": normalised,
    "one_line": one_line,
    "visible_text": visible_text,
    "letters_and_digits": letters_and_digits,
    "folded_path": folded_path,
    "single_spaced": single_spaced,
    "folded": folded,
    "column_key": lambda name: identifier(compatible(name)),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_stay_as_they_are_stored(form: str) -> None:
    """With other forms, new values would not match stored ones."""
    assert tuple(map(FORMS[form], TEXTS)) == PINNED[form]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_a_form_is_the_same(form: str) -> None:
    """A stored form may be normalised again."""
    again = [FORMS[form](text) for text in PINNED[form]]
    assert again == list(PINNED[form])


def test_sql_compares_words_as_python_does(database: Engine) -> None:
    """Except letters that `casefold` spells out, and signs that PostgreSQL can't store."""
    words = [text for text in TEXTS if text.isascii() and "\x00" not in text]
    words += ["\uff26\uff35\uff2c\uff2c \uff11", "Cafe\u0301", "a\u00a0b\u2003c"]
    with database.connect() as connection:
        for text in words:
            stripped = text.strip()
            found = connection.execute(
                select(normalised_sql(literal(text)), folded_sql(stripped), folded_path_sql(text))
            ).one()
            assert found[0] == normalised(text)
            assert found[1] == folded(text)
            assert single_spaced(found[2]) == single_spaced(folded_path(text))


def test_sql_keeps_a_sharp_s_that_python_spells_out(database: Engine) -> None:
    """So both sides of a comparison must be normalised by the same one."""
    with database.connect() as connection:
        assert connection.scalar(select(folded_sql(" Stra\u00dfe "))) == "stra\u00dfe"
    assert folded(" Stra\u00dfe ") == "strasse"
