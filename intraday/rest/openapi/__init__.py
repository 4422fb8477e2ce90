"""The OpenAPI document beyond the shapes of bodies: what each operation takes, and what its answers carry."""
