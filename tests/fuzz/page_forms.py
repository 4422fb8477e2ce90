"""Requests to the admin and the other pages: forms as they are served, posted with parts replaced; lists and addresses.

Pages come from the admin site and from the URL table, so that a new one takes part as soon as it is registered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from random import Random

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.fuzz import values
from tests.fuzz.inputs import FORM, Input, escaped, odd_headers, pairs

Fields = list[tuple[str, str]]
LIST_PARAMETERS = ["q", "o", "p", "e", "all", "_facets", "_popup", "_to_field", "_changelist_filters", "format", "next"]
LOOKUPS = [
    "",
    "__exact",
    "__in",
    "__gte",
    "__lt",
    "__isnull",
    "__year",
    "__day",
    "__startswith",
    "__id__exact",
    "__regex",
]
MUTATIONS = [0, 1, 1, 1, 1, 2, 3]


@dataclass
class FormReader(HTMLParser):
    """The fields of a page with their values, and for each choice what it offers."""

    fields: Fields = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    _select: str = ""
    _area: str = ""

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: text or "" for name, text in attrs}
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in ("submit", "button", "image"):
            if given.get("type") in ("checkbox", "radio"):
                self.choices.setdefault(name, []).append(given.get("value", "on"))
                if "checked" not in given:
                    return
            self.fields.append((name, given.get("value", "")))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self.choices.setdefault(self._select, []).append(given.get("value", ""))
            if "selected" in given:
                self.fields.append((self._select, given.get("value", "")))
        elif tag == "textarea":
            self._area = name
            self.fields.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        if self._area and self.fields:
            name, before = self.fields[-1]
            self.fields[-1] = (name, before + data)


@dataclass(frozen=True)
class Form:
    url: str
    fields: Fields
    choices: Mapping[str, list[str]]


def served_forms(browser: Client, rows: Mapping[type[models.Model], models.Model]) -> list[Form]:
    """Return the form of each page, and beside that of a new row one with the values of an existing row."""
    urls = [_url(model, "add") for model in admin.site._registry]
    urls += [_url(model, "change", row.pk) for model, row in rows.items() if model in admin.site._registry]
    urls += [f"/admin/auth/user/{row.pk}/password/" for model, row in rows.items() if model is User]
    found = {}
    for url in [*urls, "/signin", "/password"]:
        answer = browser.get(url)
        if answer.status_code == 200:
            found[url] = _read(url, answer.content.decode())
    return [*found.values(), *_filled(found, rows)]


def _read(url: str, page: str) -> Form:
    reader = FormReader()
    reader.feed(page)
    return Form(url, [each for each in reader.fields if each[0] != "csrfmiddlewaretoken"], reader.choices)


def _filled(forms: Mapping[str, Form], rows: Mapping[type[models.Model], models.Model]) -> Iterator[Form]:
    for model, row in rows.items():
        if model not in admin.site._registry:
            continue
        change, add = forms.get(_url(model, "change", row.pk)), forms.get(_url(model, "add"))
        if change and add:
            mine = {name for name, _ in change.fields}
            given = change.fields + [each for each in add.fields if each[0] not in mine]
            yield Form(add.url, given, {**add.choices, **change.choices})


@dataclass
class PageForms:
    """`rows` has a row of each model."""

    random: Random
    rows: Mapping[type[models.Model], models.Model]
    forms: Sequence[Form]

    def __post_init__(self) -> None:
        self._lists = [(model, _url(model, "changelist")) for model in admin.site._registry]
        self._addresses = sorted(set(_addresses(get_resolver(), "/")))

    def make(self) -> Input:
        kinds = [self._posted, self._listed, self._acted, self._addressed]
        return self.random.choices(kinds, [60, 15, 5, 20])[0]()

    # --- forms -------------------------------------------------------------------------------------------------------
    def _posted(self) -> Input:
        form = self.random.choice(self.forms)
        fields = list(form.fields)
        for _ in range(self.random.choice(MUTATIONS)):
            self._mutate(fields, form.choices)
        query = pairs([(values.text(self.random), values.text(self.random))]) if self.random.random() < 0.02 else ""
        return self._input("POST", form.url, query, pairs(fields))

    def _mutate(self, fields: Fields, choices: Mapping[str, list[str]]) -> None:
        names = sorted({name for name, _ in fields} | choices.keys()) or ["name"]
        name, kind = self.random.choice(names), self.random.random()
        if kind < 0.1:
            fields[:] = [each for each in fields if each[0] != name]
        elif kind < 0.2:
            fields.append((name, values.text(self.random)))
        elif kind < 0.35 and name in choices:
            fields[:] = [*(each for each in fields if each[0] != name), (name, self.random.choice(choices[name]))]
        else:
            fields[:] = [*(each for each in fields if each[0] != name), (name, values.text(self.random))]

    # --- lists and addresses -----------------------------------------------------------------------------------------
    def _listed(self) -> Input:
        model, url = self.random.choice(self._lists)
        page = admin.site._registry[model]
        given = [(self.random.choice(LIST_PARAMETERS), values.text(self.random))]
        filters = [str(each[0] if isinstance(each, tuple) else each) for each in page.list_filter]
        filters += [page.date_hierarchy] if page.date_hierarchy else []
        filters += [each.name for each in model._meta.fields]
        if self.random.random() < 0.6:
            lookup = self.random.choice(filters) + self.random.choice(LOOKUPS)
            given = [(lookup, values.text(self.random))]
        if self.random.random() < 0.15:
            asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name or ""}
            asked |= {"field_name": self.random.choice(filters), "term": values.text(self.random), "page": "1"}
            asked[self.random.choice(sorted(asked))] = values.text(self.random)
            return self._input("GET", "/admin/autocomplete/", pairs(list(asked.items())))
        return self._input("GET", url, pairs(given))

    def _acted(self) -> Input:
        model, url = self.random.choice(self._lists)
        page, row = admin.site._registry[model], self.rows.get(model)
        actions = [name for name in page.actions or () if isinstance(name, str)]
        chosen = str(row.pk) if row is not None and self.random.random() < 0.7 else values.text(self.random)
        fields = [("action", self.random.choice([*actions, "delete_selected"])), ("_selected_action", chosen)]
        fields += [("post", "yes")] if self.random.random() < 0.5 else []
        fields += [("select_across", "1")] if self.random.random() < 0.1 else []
        if self.random.random() < 0.3:
            fields[0] = ("action", values.text(self.random))
        return self._input("POST", url, "", pairs(fields))

    def _addressed(self) -> Input:
        """Any address of the URL table, its variable parts filled with rows or with texts."""
        parts = self.random.choice(self._addresses).split("<")
        path = parts[0]
        for part in parts[1:]:
            _, _, following = part.partition(">")
            row = self.random.choice(list(self.rows.values()))
            path += escaped(str(row.pk) if self.random.random() < 0.4 else values.text(self.random)) + following
        query = pairs([(self.random.choice(LIST_PARAMETERS), values.text(self.random))])
        body = pairs([(values.text(self.random), values.text(self.random))])
        method = self.random.choice(["GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"])
        return self._input(method, path, query if self.random.random() < 0.5 else "", body if method == "POST" else "")

    def _input(self, method: str, path: str, query: str, body: str = "") -> Input:
        caller = self.random.choices(["boss", "session", "nobody"], [85, 10, 5])[0]
        return Input(method, path, query, body.encode(), FORM, caller, odd_headers(self.random, 0.04))


def _url(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def _addresses(resolver: URLResolver, prefix: str) -> list[str]:
    """Return all addresses of the URL table whose parts are plain or `<variable>`."""
    found = []
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$")
        if isinstance(pattern, URLResolver):
            found += _addresses(pattern, path)
        elif isinstance(pattern, URLPattern) and "(" not in path and "\\" not in path:
            found.append(path)
    return found
