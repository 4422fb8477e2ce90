"""Operations of migrations that Django has not."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AlterField
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Index


class WithoutOwnIndex(AlterField):
    """Drops the index of a foreign key by itself, which another index begins with.

    Django would also check the constraint again, for each row, while nobody may write.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model, field = self._found(app_label, from_state)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            named = [index.name for index in model._meta.indexes]
            for name in schema_editor._constraint_names(
                model, [field.column], index=True, type_=Index.suffix, unique=False, exclude=named
            ):
                schema_editor.execute(schema_editor._delete_index_sql(model, name))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model, field = self._found(app_label, to_state)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            for statement in schema_editor._field_indexes_sql(model, field):
                schema_editor.execute(statement)

    def _found(self, app_label: str, state: ProjectState) -> tuple[Any, Any]:
        model = state.apps.get_model(app_label, self.model_name)
        return model, model._meta.get_field(self.name)


class LeaveRoom(Operation):
    """Has PostgreSQL fill each page of a table to this percentage.

    A row that is updated stays in its page if there is room, and its indexes stay as they are. Pages that are full
    already get room as their rows leave them.
    """

    reversible = True

    def __init__(self, model_name: str, percent: int) -> None:
        self.model_name, self.percent = model_name, percent

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Leave the state as it is: no model knows of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._alter(app_label, schema_editor, to_state, f"SET (fillfactor = {self.percent})")

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._alter(app_label, schema_editor, to_state, "RESET (fillfactor)")

    def _alter(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState, change: str) -> None:
        model = state.apps.get_model(app_label, self.model_name)
        connection = schema_editor.connection
        if connection.vendor == "postgresql" and self.allow_migrate_model(connection.alias, model):
            schema_editor.execute(f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} {change}")

    def describe(self) -> str:
        return f"Leave room in the pages of {self.model_name}"
