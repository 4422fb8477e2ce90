"""Publish events from a service: `from realtime.publish import publish` is the path that every app uses."""

from realtime.eventlog.publishing import Builder, EventRef, publish

__all__ = ["Builder", "EventRef", "publish"]
