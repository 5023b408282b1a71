"""The report from a made-up study: it renders, twice the same, and refuses what leads nowhere."""

import json
import os
import re
import stat
from pathlib import Path

import pytest
import yaml

from inversion.cli.main import main
from inversion.report.variables import look_up, used_figures, used_variables


@pytest.fixture(autouse=True)
def without_quarto(monkeypatch):
    """The pages go through Pandoc here, also where Quarto is installed."""
    found = [
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not Path(folder, "quarto").exists()
    ]
    monkeypatch.setenv("PATH", os.pathsep.join(found))


def report(study: Path, *more: str) -> int:
    return main(["report", "--source", str(study / "report"), *more])


def add_to(page: Path, text: str) -> None:
    page.write_text(page.read_text() + f"\n\n{text}\n")


def test_the_pages_render_twice_the_same_and_need_no_other_file(study, capsys):
    assert report(study) == 0
    pages = yaml.safe_load((study / "report/_quarto.yml").read_text())["project"]["render"]
    site = study / "report/_site"
    first = {page: page.read_bytes() for page in sorted(site.iterdir())}
    assert sorted(page.stem for page in first) == sorted(Path(page).stem for page in pages)
    assert report(study) == 0
    assert {page: page.read_bytes() for page in sorted(site.iterdir())} == first
    assert "installed" in capsys.readouterr().err
    for page, content in first.items():
        html = content.decode()
        assert not re.search(r'<(?:img|script|link|iframe)\b[^>]*(?:src|href)="(?!data:)', html), (
            page
        )
        assert "url(" not in html.replace("url(data:", ""), page
        assert "{{<" not in html, page
        assert str(study) not in html, page
        assert 'aria-current="page"' in html, page


def test_cross_references_callouts_tabs_and_citations_become_html(study):
    assert report(study) == 0
    results = (study / "report/_site/results.html").read_text()
    method = (study / "report/_site/method.html").read_text()
    assert '<a href="#tbl-modes" class="xref">Table\u00a05</a>' in results
    assert 'class="caption-label">Table\u00a03: </span>' in results
    assert "<details" in results
    assert 'type="radio"' in results
    assert '<span class="equation-number">(1)</span>' in method
    assert '<math display="block"' in method
    assert 'id="ref-durkan2019neural"' in method
    assert "9 to 15" in results
    assert "never" in results


def test_every_number_and_figure_of_the_pages_is_in_the_made_up_study(study):
    source = study / "report"
    assert report(study, "--no-render") == 0
    assert not (source / "_site").exists()
    variables = yaml.safe_load((source / "_variables.yml").read_text())
    assert [name for name in used_variables(source) if look_up(variables, name) is None] == []
    assert used_figures(source) == sorted(
        path.name for path in (study / "results/figures").iterdir()
    )
    included = {
        name
        for page in source.glob("*.qmd")
        for name in re.findall(r"include (_\S+)", page.read_text())
    }
    assert [name for name in included if not (source / name).is_file()] == []


def test_a_setting_that_all_tasks_share_is_its_own_default(study):
    params = study / "params.yaml"
    settings = yaml.safe_load(params.read_text())
    settings["panels"]["density"]["observations"] = 4321
    params.write_text(yaml.safe_dump(settings))
    assert report(study, "--no-render") == 0
    variables = yaml.safe_load((study / "report/_variables.yml").read_text())
    name = "settings.panels.density.observations.default"
    assert name in used_variables(study / "report")
    assert look_up(variables, name) == "4,321"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{{< video film.mp4 >}}", "shortcodes var and include alone; got {{< video film.mp4 >}}"),
        ("{{< var no.such.number >}}", "to hold every number of the pages; got no no.such.number"),
        ("$a = {{< var study.budget >}}$", "no shortcode in a formula"),
        (
            "{{< include _generated/nothing.md >}}",
            "_generated/nothing.md, included by index.qmd; got none",
        ),
        ("text {{< include references.bib >}}", "an include on a line of its own"),
        ("As @fig-nothing shows.", "cross-reference to have its label; got @fig-nothing"),
        ("As @fig-headline and @tbl-nothing say.", "got @tbl-nothing"),
        (
            "As [@nobody1999] says.",
            "citation to be in the bibliography; got: Citeproc: citation nobody1999",
        ),
        ("## Again {#sec-found}", "Duplicate identifier 'sec-found'"),
        ("[there](nowhere.html)", "links of index.qmd to lead somewhere; got nowhere.html"),
        ("[there](results.html#nowhere)", "got results.html#nowhere"),
        ("![A picture](nothing.png)", "nothing.png"),
        (
            "![Far away](_generated/figures/nothing.svg)",
            "nothing.svg, which a page shows; got none",
        ),
        ("```{python}\n1 + 1\n```", "no code cell"),
        ("::: {.callout-shout}\nText.\n:::", "got callout-shout"),
    ],
)
def test_what_leads_nowhere_is_one_line_and_keeps_the_old_pages(study, capsys, text, complaint):
    site = study / "report/_site"
    site.mkdir()
    (site / "index.html").write_text("old")
    add_to(study / "report/index.qmd", text)
    assert report(study) == 2
    said = capsys.readouterr().err.strip()
    assert complaint in said
    assert said.count("\n") == 0
    assert (site / "index.html").read_text() == "old"


@pytest.mark.parametrize("name", ["numbers.json", "scores.csv", "breakeven.csv", "figures/sbc.svg"])
def test_a_missing_result_is_named(study, capsys, name):
    (study / "results" / name).unlink()
    assert report(study) == 2
    assert name in capsys.readouterr().err


def test_a_number_that_the_grid_did_not_make_is_an_error_unless_partial(study, capsys):
    path = study / "results/numbers.json"
    numbers = json.loads(path.read_text())
    del numbers["scores"]["two_moons_line"]["flow_original"]
    path.write_text(json.dumps(numbers))
    (study / "results/figures/tarp.svg").unlink()
    assert report(study) == 2
    assert "got no scores.two_moons_line.flow_original" in capsys.readouterr().err
    assert report(study, "--partial") == 0
    assert "makes no tarp figure" in (study / "report/_generated/figures/tarp.svg").read_text()


def put_quarto_on_the_path(folder: Path, script: str, monkeypatch) -> None:
    folder.mkdir()
    (folder / "quarto").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "quarto").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_quarto_is_called_where_it_is_installed(study, monkeypatch):
    put_quarto_on_the_path(
        study / "bin", f'echo "$INVERSION_REPORT_WRITTEN $@" > {study}/called', monkeypatch
    )
    assert report(study) == 0
    site = (study / "report/_site").resolve()
    assert (study / "called").read_text().split() == [
        "1",
        "render",
        str(study / "report"),
        "--output-dir",
        str(site),
    ]


def test_an_unresolved_reference_is_an_error_with_quarto_too(study, capsys, monkeypatch):
    warning = "WARNING (main.lua:1) Unable to resolve crossref @fig-x"
    put_quarto_on_the_path(study / "bin", f"echo '{warning}' >&2", monkeypatch)
    assert report(study) == 2
    assert "got from Quarto: Unable to resolve crossref @fig-x" in capsys.readouterr().err


def test_the_hook_of_quarto_uses_a_command_that_exists(study, monkeypatch):
    hook = yaml.safe_load((study / "report/_quarto.yml").read_text())["project"]["pre-render"]
    monkeypatch.chdir(study / "report")
    command, *arguments = hook.split()
    assert command == "inversion"
    assert main(arguments) == 0
    assert (study / "report/_variables.yml").is_file()
