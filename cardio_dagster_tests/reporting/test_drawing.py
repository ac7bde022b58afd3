"""inline: what may enter the page, and how it is confined."""

import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.reporting.drawing import inline
from cardio_dagster_tests.reporting import samples

BOX = 'viewBox="0 0 1 1"'
REFUSED = {
    "script": f"<svg {BOX}><script>alert(1)</script></svg>",
    "script in a namespace": f'<svg {BOX} xmlns:s="http://www.w3.org/2000/svg"><s:script>1</s:script></svg>',
    "handler": f'<svg {BOX} onload="alert(1)"/>',
    "handler in capitals": f'<svg {BOX}><rect ONCLICK="alert(1)"/></svg>',
    "outside image": f'<svg {BOX}><image href="https://example.org/x.png"/></svg>',
    "outside image by xlink": f'<svg {BOX} xmlns:x="http://www.w3.org/1999/xlink"><image x:href="//example.org/x.png"/></svg>',
    "script link": f'<svg {BOX}><use href="javascript:alert(1)"/></svg>',
    "embedded svg": f'<svg {BOX}><image href="data:image/svg+xml;base64,AAAA"/></svg>',
    "link": f'<svg {BOX}><a href="#x">x</a></svg>',
    "foreign content": f"<svg {BOX}><foreignObject/></svg>",
    "animation that sets a link": f'<svg {BOX}><set attributeName="href" to="javascript:1"/></svg>',
    "outside style": f"<svg {BOX}><style>@import 'https://example.org/x.css';</style></svg>",
    "outside paint": f'<svg {BOX}><rect fill="url(https://example.org/x)"/></svg>',
    "escaped style": f"<svg {BOX}><style>@\\69mport 'x';</style></svg>",
    "end of style": f"<svg {BOX}><style>&lt;/style></style></svg>",
    "entity": f'<!DOCTYPE svg [<!ENTITY a "b">]><svg {BOX}>&a;</svg>',
    "not svg": "<p>hello</p>",
    "not closed": f"<svg {BOX}>",
    "two roots": f"<svg {BOX}/><svg {BOX}/>",
    "no size": "<svg/>",
    "nothing": "",
}


@pytest.mark.parametrize("svg", REFUSED.values(), ids=REFUSED.keys())
def test_anything_but_a_plain_drawing_is_refused(svg):
    with pytest.raises(StudyError) as refused:
        inline(svg, "figure-1", label="x")
    assert refused.value.problem.code == "E_INTERNAL_001"


@pytest.mark.parametrize("svg", [samples.ecg_svg(), samples.echo_svg(), samples.curve_svg()])
def test_plain_drawings_pass(svg):
    assert inline(svg, "figure-1", label="x").startswith("<svg")


def test_embedded_pictures_pass():
    assert "image/png" in inline(f'<svg {BOX}><image href="data:image/png;base64,AAAA"/></svg>', "f", label="x")


def test_ids_and_what_refers_to_them_get_the_figures_name():
    markup = inline(samples.ecg_svg(), "figure-7", label="x")
    assert 'id="figure-7-grid"' in markup
    assert 'fill="url(#figure-7-grid)"' in markup
    assert 'fill="#fffafa"' in markup  # a colour is no reference


def test_style_reaches_no_further_than_its_own_drawing():
    assert "<style>#figure-7-svg { .trace{" in inline(samples.ecg_svg(), "figure-7", label="x")


def test_the_drawing_is_named_and_takes_its_size_from_the_page():
    markup = inline('<svg width="30" height="20px"/>', "f", label='ECG of "r01"')
    assert markup == '<svg viewBox="0 0 30 20" id="f-svg" role="img" aria-label="ECG of &quot;r01&quot;" />'
