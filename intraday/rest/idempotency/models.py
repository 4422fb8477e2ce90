"""Answers that were given to requests with an Idempotency-Key."""

from django.db import models


class StoredAnswer(models.Model):
    """The answer to a request with a key. Without a status the request is still being worked on.

    Credential, key and request are hashed; the answer is encrypted, because some hold secrets.
    """

    name = models.CharField(max_length=64, unique=True, help_text="Hash of the credential and of its key.")
    request = models.CharField(max_length=64, help_text="Hash of the method, the address and the body.")
    claimed_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    sealed_body = models.TextField(default="")

    class Meta:
        indexes = [models.Index(fields=["claimed_at"], name="stored_answer_claimed")]

    def __str__(self) -> str:
        return self.name[:12]
