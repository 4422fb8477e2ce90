"""Parts that the ingests of all domains share: a post of rows, its outcome, and the views that take it."""
