"""Publish events from a service: `from realtime.publish import publish` is the path that every app uses."""

from realtime.eventlog.publishing import Builder, EventRef, publish
from realtime.eventlog.store import StreamHead, stream_head

__all__ = ["Builder", "EventRef", "StreamHead", "publish", "stream_head"]
