from django.apps import AppConfig


class FeedHealthConfig(AppConfig):
    name = "intraday.feed_health"
    label = "intake"  # of its tables and migrations
    verbose_name = "Feeds"
