"""Queries that Django builds once, for where building one takes ten times as long as running it.

    shown = Prepared(lambda several: Tile.objects.filter(image__in=several("images")).values_list("image", "truth"))
    rows = shown.all(images=[1, 2, 3])

The query set stays the statement of what is asked. There is one for all lists of about the same length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.db.models import AutoField, Expression, Field, IntegerField, Model, QuerySet
from django.db.models.sql import UpdateQuery

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Mark:
    """Stands in a statement for the value to come, or for the one at `place` in a list."""

    name: str
    field: Field
    place: int | None = None

    def of(self, given: dict[str, Any]) -> Any:
        value = given[self.name] if self.place is None else given[self.name][self.place]
        return self.field.get_db_prep_value(value, connection)


class One(Expression):
    """An argument of a prepared query."""

    def __init__(self, name: str, field: Field | None = None) -> None:
        super().__init__(output_field=field or IntegerField())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [Mark(self.name, self.output_field)]


class Several(One):
    """A list of arguments, for the right side of «in»."""

    def __init__(self, name: str, field: Field | None, length: int) -> None:
        super().__init__(name, field)
        self.length = length

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        marks = [Mark(self.name, self.output_field, place) for place in range(self.length)]
        return f"({', '.join(['%s'] * self.length)})", marks


Many = Callable[..., Several]
Build = Callable[[Many], "QuerySet[Any, Any]"]


@dataclass(frozen=True)
class Statement:
    sql: str
    params: Sequence[Any]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]

    def values(self, given: dict[str, Any]) -> list[Any]:
        return [param.of(given) if isinstance(param, Mark) else param for param in self.params]

    def converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return tuple(values)


class Prepared:
    """`build` makes the query set with `One("name")` and `several("names")` in the place of what is given later."""

    _fields: tuple[str, ...] = ()  # whose values are one value, were they lists

    def __init__(self, build: Build) -> None:
        self._build = build
        self._statements: dict[tuple[int, ...], Statement] = {}

    def all(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows. With an empty list there are none."""
        if not (ready := self._ready(given)):
            return []
        statement, values = ready
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return [statement.converted(row) for row in rows] if statement.converters else rows

    def objects(self, model: type[M], **given: Any) -> list[M]:
        """As instances, where the query set selects what a model has for columns and nothing else."""
        names = [field.attname for field in model._meta.concrete_fields]
        return [model.from_db(connection.alias, names, row) for row in self.all(**given)]

    def _ready(self, given: dict[str, Any]) -> tuple[Statement, list[Any]] | None:
        """None where a list is empty. Lists are filled up to one of a few lengths."""
        several = {name: value for name, value in sorted(given.items()) if name not in self._fields}
        lists = {name: list(value) for name, value in several.items() if isinstance(value, list | set | tuple)}
        if not all(lists.values()):
            return None
        lists = {name: _padded(values) for name, values in lists.items()}
        key = tuple(map(len, lists.values()))
        if key not in self._statements:
            rows = self._build(lambda name, field=None: Several(name, field, len(lists[name])))
            self._statements[key] = self._compiled(rows)
        return self._statements[key], self._statements[key].values(given | lists)

    def _compiled(self, rows: "QuerySet[Any, Any]") -> Statement:
        compiler = rows.query.get_compiler(connection.alias)
        sql, params = compiler.as_sql()
        return Statement(sql, params, compiler.get_converters([column for column, *_ in compiler.select]))


class PreparedUpdate(Prepared):
    """An UPDATE of the rows that `build` tells, of these fields to the values that are given under their names."""

    def __init__(self, build: Build, *fields: str) -> None:
        super().__init__(build)
        self._fields = fields

    def run(self, **given: Any) -> int:
        """How many rows it changed."""
        if not (ready := self._ready(given)):
            return 0
        statement, values = ready
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, values)
            return int(cursor.rowcount)

    def run_for(self, row: Model) -> int:
        """To the values that the row has, which is found by its key: `One("pk")`."""
        return self.run(pk=row.pk, **{name: getattr(row, row._meta.get_field(name).attname) for name in self._fields})

    def _compiled(self, rows: "QuerySet[Any, Any]") -> Statement:
        query = rows.query.chain(UpdateQuery)
        query.add_update_values({name: One(name, rows.model._meta.get_field(name)) for name in self._fields})
        query.clear_ordering(force=True)
        return Statement(*query.get_compiler(connection.alias).as_sql(), {})


def insert(rows: Sequence[Model], *, unless: str = "", update: Sequence[str] = ()) -> None:
    """Write new rows; their keys are not read back. Where the column `unless` says that there is one already, these of
    its columns are updated instead."""
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.generated and not isinstance(field, AutoField)]
    line = f"({', '.join(['%s'] * len(fields))})"
    columns, sets = ", ".join(f.column for f in fields), ", ".join(f"{name} = EXCLUDED.{name}" for name in update)
    sql = f"INSERT INTO {meta.db_table} ({columns}) VALUES {', '.join([line] * len(rows))}"
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for row in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ON CONFLICT ({unless}) DO UPDATE SET {sets}" if unless else sql, values)


def _padded(values: list[Any]) -> list[Any]:
    """To a power of two by its last value."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))
