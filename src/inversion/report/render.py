"""The pages as HTML: by Quarto where it is installed, otherwise the same pages by Pandoc and a small filter."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pypandoc
import yaml

from inversion.report.pages import expand_page

ASSETS = Path(__file__).parent / "pandoc"
WRITTEN = (
    "INVERSION_REPORT_WRITTEN"  # set for Quarto's pre-render hook: the variables are there already
)
UNRESOLVED = re.compile(
    r"Unable to resolve (?:crossref|link)[^\n]*|[Cc]itation\S* \S+ not found|\[WARNING\][^\n]*"
)
LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"')
IDENTIFIER = re.compile(r'\bid="([^"]+)"')
EXTERNAL = re.compile(
    r'<(?:img|script|link|iframe|source)\b[^>]*?\b(?:src|href)="(?!data:)([^"]*)"'
)


def render(source: Path, out: Path) -> str:
    """Render every page of `source` into the folder `out`; returns the engine's name."""
    if shutil.which("quarto"):
        render_by_quarto(source, out)
        return "quarto"
    render_by_pandoc(source, out)
    return "pandoc"


def render_by_quarto(source: Path, out: Path) -> None:
    """`quarto render`, where a reference that leads nowhere is an error and not a warning."""
    command = ["quarto", "render", str(source), "--output-dir", str(out.resolve())]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | {WRITTEN: "1"})
    said = run.stdout + run.stderr
    if run.returncode:
        raise ValueError(f"Expected Quarto to render {source}; got: {_last_line(said)}")
    if found := UNRESOLVED.search(said):
        raise ValueError(f"Expected every reference to resolve; got from Quarto: {found.group()}")


def render_by_pandoc(source: Path, out: Path) -> None:
    """All pages into a folder beside `out`, checked, then put in its place."""
    settings = yaml.safe_load((source / "_quarto.yml").read_text())
    variables = yaml.safe_load((source / "_variables.yml").read_text()) or {}
    names = settings["project"]["render"]
    html = {Path(name).stem: render_page(source, name, settings, variables) for name in names}
    check_links(html)
    fresh = out.with_name(out.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, text in html.items():
        (fresh / f"{name}.html").write_text(text, encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)


def render_page(source: Path, name: str, settings: dict, variables: dict) -> str:
    """One page as self-contained HTML."""
    text = expand_page(source / name, variables)
    html = settings["format"]["html"]
    command = [
        str(Path(pypandoc.__file__).parent / "files" / "pandoc"), "+RTS", "-M2g", "-RTS",
        "--from=markdown", "--to=html5", "--standalone", "--mathml", "--fail-if-warnings",
        "--embed-resources", "--syntax-highlighting=none",
        "--columns=100000", f"--toc-depth={html['toc-depth']}",
        f"--template={ASSETS / 'page.html'}", f"--css={ASSETS / 'page.css'}",
        f"--lua-filter={ASSETS / 'quarto.lua'}", "--citeproc", f"--bibliography={settings['bibliography']}",
        "--metadata=link-citations:true",
        f"--metadata=lang:{settings['lang']}", f"--include-before-body={html['include-before-body']}",
    ]  # fmt: skip
    # A front matter wins over the command line, so a page may say `toc: false`.
    command.append(f"--toc={str(html['toc'] and not re.search('^toc: false', text, re.M)).lower()}")
    run = subprocess.run(
        command, input=text, capture_output=True, text=True, cwd=source, timeout=120
    )
    if run.returncode:
        raise ValueError(f"{name}: {_first_complaint(run.stderr)}")
    if found := EXTERNAL.search(run.stdout):
        raise ValueError(f"Expected {name} to need no other file; got {found.group(1)}.")
    here = f'href="{Path(name).stem}.html"'
    return run.stdout.replace(here, f'{here} aria-current="page"', 1)


def check_links(html: dict[str, str]) -> None:
    """Every link between pages, or within one, leads to a place that exists."""
    places = {page: set(IDENTIFIER.findall(text)) for page, text in html.items()}
    for page, text in html.items():
        for link in LINK.findall(text):
            if re.match(r"https?:|mailto:", link):
                continue
            target, _, place = link.partition("#")
            target = target.removesuffix(".html") if target else page
            if target not in places or (place and place not in places[target]):
                raise ValueError(f"Expected the links of {page}.qmd to lead somewhere; got {link}.")


def _first_complaint(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Failing because")]
    text = lines[0].removeprefix("[WARNING] ") if lines else "pandoc failed without a word"
    return (
        f"Expected every citation to be in the bibliography; got: {text}"
        if "iteproc" in text
        else text
    )


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"
