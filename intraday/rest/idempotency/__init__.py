"""`Idempotency-Key`: a request that is repeated with its key gets the answer of the first one, and creates nothing."""
