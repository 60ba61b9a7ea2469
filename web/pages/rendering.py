"""From a template and a view to a page. Templates see the formats and words of this package as filters."""

from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web.pages import formats, words

ROOT = Path(__file__).parent.parent
SECTIONS = (
    ("/", "Today"),
    ("/scores", "Scores"),
    ("/journeys", "Journeys"),
    ("/rescues", "Rescues"),
    ("/gaps", "Gaps"),
    ("/targets", "Targets"),
    ("/experiments", "Experiments"),
    ("/blind-spots", "What we cannot see"),
    ("/dead-letters", "Dead letters"),
)


def environment() -> Environment:
    """Return the Jinja environment: escaping on, undefined names an error."""
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (
        formats.points,
        formats.signed,
        formats.tone,
        formats.share,
        formats.moment,
        formats.day,
        formats.clock,
        formats.duration,
        formats.width,
        words.cause_words,
        words.journey_words,
        words.scope_words,
        words.metric_words,
    ):
        made.filters[filter_.__name__] = filter_
    made.globals["interval"] = formats.interval
    made.globals["sections"] = SECTIONS
    return made


templates = Jinja2Templates(env=environment())


def page(request: Request, template: str, **view: object) -> HTMLResponse:
    """Return ``template`` filled with ``view``."""
    return templates.TemplateResponse(request, template, {"path": request.url.path, **view})
