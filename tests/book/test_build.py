"""How the book is built: pages read side by side, links in code block by block."""

from types import SimpleNamespace

import pytest
from sphinx_codeautolink.parse import LinkContext, Name

import code_links
import parallel

BLOCK = (
    '<p>a</p><div class="highlight-python notranslate"><div class="highlight"><pre><span></span>'
    '<span class="n">LIF</span><span class="p">()</span> <span class="o">&lt;</span> '
    '<span class="n">LIF</span>\n</pre></div>\n</div><p>z</p>'
)


def name(code, place="lifcore.LIF", line=1):
    return Name([place], code, line, line, LinkContext.none, place)


def transform(source, *names):
    return SimpleNamespace(source=source, names=list(names))


@pytest.fixture
def link():
    asked = []

    def whole(page, html, transforms, inventory):
        asked.append((html, transforms))
        return f"[{html}]"

    return code_links.by_block(whole), asked


def test_a_name_in_a_block_is_linked_and_the_rest_stays(link):
    linked, asked = link
    found = linked(
        "book/a/b", BLOCK, [transform("LIF() < LIF\n", name("LIF"))], {"lifcore.LIF": "api.html#x"}
    )
    want = (
        '<a class="sphinx-codeautolink-a" href="../../api.html#x" title="lifcore.LIF">'
        '<span class="n">LIF</span></a>\n</pre>'
    )
    assert want in found  # of two, the last
    assert found.replace(want, '<span class="n">LIF</span>\n</pre>') == BLOCK
    assert asked == []


def test_blocks_of_one_text_take_their_examples_in_turn(link):
    linked, _ = link
    two = [transform("LIF() < LIF", name("LIF", f"lifcore.{place}")) for place in "AB"]
    found = linked("a", BLOCK * 2, two, {"lifcore.A": "one", "lifcore.B": "two"})
    assert found.index('href="one"') < found.index('href="two"')


def test_what_cannot_be_placed_is_left_to_codeautolink(link):
    linked, asked = link
    lost, wrong = transform("other", name("LIF")), transform("LIF() < LIF", name("Layer"))
    found = linked("a", BLOCK, [lost, wrong], {"lifcore.LIF": "x"})
    assert found.startswith('<p>a</p>[<div class="highlight-python')
    assert [(html[:4], given) for html, given in asked] == [("<div", [wrong]), ("", [lost])]


def test_a_label_on_two_pages_is_found_and_one_on_one_page_is_not():
    given = {"b": {"thm-one", "thm-two"}, "a": {"thm-two", "eq-a"}, "c": set()}
    assert parallel.clashes(given) == {"thm-two": ["a", "b"]}
    assert parallel.clashes({"a": {"x"}, "b": {"y"}}) == {}


def test_sources_that_no_entry_leads_to_are_dropped():
    kept, unused = ("code", {}, {"f": "book/api/a"}, "m"), ("code", {}, {}, "types")
    environment = SimpleNamespace(_viewcode_modules={"m": kept, "types": unused, "n": False})
    parallel.forget_unused(None, environment)
    assert environment._viewcode_modules == {"m": kept, "n": False}
