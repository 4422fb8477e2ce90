"""The index of the admin: pages by what people come for, instead of by Django apps. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

Listed = dict[str, Any]
"""An app with its models, as Django's AdminSite lists it."""

SECTIONS = {
    "Rules and alerts": ("Rule", "Silence", "Alert", "Route", "Channel"),
    "Targets and thresholds": ("QueueSettings", "OrganizationSettings", "AttendanceSettings", "Holiday"),
    "Organization and access": (
        "Organization",
        "Department",
        "Queue",
        "Membership",
        "GroupGrant",
        "ApiKey",
        "WallBoard",
    ),
}
INSTALLATION = "Installation"
"""The section of all other pages: accounts, identity providers, and rows as feeds posted them. The operator sees it;
an organization finds its figures in the console and in exports, and its pages of them by their addresses."""


def in_sections(apps: Sequence[Listed], *, whole: bool) -> list[Listed]:
    """Return the sections that have pages for the caller; `whole`: with that of the installation."""
    models = [model for app in apps for model in app["models"]]
    found = dict(_sections(models))
    known = {id(model) for section in found.values() for model in section}
    if whole:
        found[INSTALLATION] = [
            {**model, "name": f"{app['name']}: {str(model['name']).lower()}"}
            for app in apps
            for model in app["models"]
            if id(model) not in known
        ]
    return [_listed(name, section) for name, section in found.items() if section]


def _sections(models: Sequence[Listed]) -> Iterator[tuple[str, list[Listed]]]:
    by_name = {model["object_name"]: model for model in models}
    for section, names in SECTIONS.items():
        yield section, [by_name[name] for name in names if name in by_name]


def _listed(name: str, models: list[Listed]) -> Listed:
    label = name.lower().replace(" ", "-")
    url = next((model["admin_url"] for model in models if model["admin_url"]), None)
    return {"name": name, "app_label": label, "app_url": url, "has_module_perms": True, "models": models}
