"""Reading pages as a browser does: which addresses they name, which forms they hold, and walking all of them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from httpx import Client, Response

NAMES = {"href", "src", "hx-get", "data-series", "sse-connect"}
ENDLESS = "/live"
"""The stream of server-sent events; it has no end to wait for."""


@dataclass
class Form:
    """A form: where it goes, and its fields with the values they come with."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What a page names, holds and says."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.forms: list[Form] = []
        self.text = ""
        self._select: str | None = None
        self._area: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag names."""
        given = {name: value or "" for name, value in attrs}
        self.addresses += [value for name, value in given.items() if name in NAMES]
        if tag == "form":
            self.forms.append(Form(given["action"]))
        elif tag in {"input", "select", "textarea"} and self.forms:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
            self._select = given["name"] if tag == "select" else None
            self._area = given["name"] if tag == "textarea" else None
        elif tag == "option" and self._select and (not self.forms[-1].fields[self._select] or "selected" in given):
            self.forms[-1].fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Note where a text area ends."""
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        """Gather the words."""
        self.text += data
        if self._area is not None:
            self.forms[-1].fields[self._area] += data

    def form_to(self, ending: str) -> Form:
        """Return the only form whose address ends so."""
        (found,) = [form for form in self.forms if form.action.endswith(ending)]
        return found


def read(client: Client, path: str) -> Page:
    """Return the page at ``path``, which must answer well."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text)
    return Page(answer.text)


def send(client: Client, form: Form, **fields: object) -> Response:
    """Send ``form`` as a browser does, with some fields filled in."""
    given = form.fields | {name: str(value) for name, value in fields.items()}
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    return client.post(form.action, data=given, headers=headers)


def walk(client: Client, start: str = "/") -> dict[str, Response]:
    """Return every answer within reach of ``start``, by address; each must be good."""
    found: dict[str, Response] = {}
    waiting = [start]
    while waiting:
        address = waiting.pop().partition("#")[0]
        if address in found or address in {"", ENDLESS}:
            continue
        assert address.startswith("/"), f"{address} leads away from our own pages"
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code, answer.text)
        found[address] = answer
        if "text/html" in answer.headers["content-type"]:
            waiting += Page(answer.text).addresses
    return found
