"""Pass 2, resolve: bind every name to exactly one column of a granted source, or refuse.

Property: in what this pass returns, each column is a declared column of a declared source (or of
a subquery over them), stars and ordinals are written out, and no name had a second reading: a
name equal to a relation's alias could be a whole row, a name that two relations hold could be
either, and both are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlglot import exp

from gongshu.cleanroom.model import Finding, ItemRef, Source
from gongshu.cleanroom.parse import position
from gongshu.cleanroom.query import (
    Base,
    Derived,
    Joining,
    Ordering,
    Projection,
    Query,
    Relation,
)

CLAUSE = "dc-3"
MAX_RELATIONS = 24
MAX_LEVELS = 8
MAX_NAME = 64
HIDDEN_PREFIX = "gs_"
_FULL_WIDTH = "，；（）＝“”‘’"
_FORBIDDEN_IN_NAMES = frozenset("\"'`;\\")


@dataclass(frozen=True, slots=True)
class Resolved:
    """`mentioned` holds every column that the text names, used or not."""

    query: Query | None
    findings: tuple[Finding, ...]
    mentioned: frozenset[ItemRef] = frozenset()


def resolve(
    sql: str, tree: exp.Select, sources: Sequence[Source], *, allow_hidden: bool = False
) -> Resolved:
    """This function will bind the names of a parsed query to the given sources.

    `allow_hidden` admits names with the prefix that the rewrite keeps for itself.
    """
    resolver = _Resolver(sql, {s.table.casefold(): s for s in sources}, allow_hidden)
    query = resolver.top(tree)
    complete = query if not resolver.findings else None
    return Resolved(complete, tuple(resolver.findings), frozenset(resolver.mentioned))


class _Fault(Exception):
    """Stops the binding of one clause; the finding is already recorded."""


@dataclass(slots=True)
class _Definition:
    """A common table expression waiting for its uses."""

    select: exp.Select
    visible: Mapping[str, _Definition]
    used: bool = False


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names can mean inside one SELECT: alias -> its columns by folded name."""

    relations: tuple[Relation, ...]
    columns: Mapping[str, Mapping[str, str]]


@dataclass(slots=True)
class _Resolver:
    sql: str
    tables: Mapping[str, Source]
    allow_hidden: bool
    findings: dict[Finding, None] = field(default_factory=dict)
    mentioned: set[ItemRef] = field(default_factory=set)
    uses: int = 0

    def fail(self, code: str, sentence: str, node: exp.Expr | None) -> _Fault:
        where = position(self.sql, node) if node is not None else None
        finding = Finding(code, sentence, CLAUSE, where)
        self.findings.setdefault(finding)
        return _Fault()

    # -- queries ---------------------------------------------------------------------------

    def top(self, tree: exp.Select) -> Query | None:
        definitions: dict[str, _Definition] = {}
        try:
            for cte in tree.args["with_"].expressions if tree.args.get("with_") else ():
                name = self.new_name(cte.args["alias"].this)
                if name.casefold() in definitions or name.casefold() in self.tables:
                    raise self.fail("resolve.name_taken", f"名称“{name}”重复，请换一个。", cte)
                definitions[name.casefold()] = _Definition(cte.this, dict(definitions))
            query = self.query(tree, definitions, 1)
        except _Fault:
            return None
        for name, definition in definitions.items():
            if not definition.used:
                self.fail(
                    "resolve.unused", f"WITH 里的“{name}”没有用到，请删去。", definition.select
                )
        return query

    def query(self, tree: exp.Select, definitions: Mapping[str, _Definition], level: int) -> Query:
        if level > MAX_LEVELS:
            raise self.fail("resolve.too_deep", "子查询套得太深，请减少层数。", tree)
        if level > 1 and tree.args.get("with_"):
            raise self.fail("resolve.nested_with", "WITH 只能写在整个查询的最前面。", tree)
        if tree.args.get("from_") is None:
            raise self.fail("resolve.no_source", "查询必须写 FROM 表名。", tree)
        scope, joins = self.relations(tree, definitions, level)
        projections = self.projections(tree, scope, inner=level > 1)
        where = tree.args.get("where")
        group = tree.args.get("group")
        return Query(
            relations=scope.relations,
            joins=joins,
            projections=projections,
            where=self.bind(where.this, scope) if where else None,
            group=tuple(
                self.by_name_or_ordinal(node, scope, projections)
                for node in (group.expressions if group else ())
            ),
            order=self.ordering(tree, scope, projections),
            limit=_number(tree.args.get("limit")),
            offset=_number(tree.args.get("offset")),
            distinct=tree.args.get("distinct") is not None,
        )

    # -- relations -------------------------------------------------------------------------

    def relations(
        self, tree: exp.Select, definitions: Mapping[str, _Definition], level: int
    ) -> tuple[_Scope, tuple[Joining, ...]]:
        joins = tree.args.get("joins") or []
        nodes = [tree.args["from_"].this, *(join.this for join in joins)]
        found = tuple(self.relation(node, definitions, level) for node in nodes)
        columns = {relation.alias: _columns(relation) for relation in found}
        folded = [alias.casefold() for alias in columns]
        if len(set(folded)) != len(found):
            raise self.fail(
                "resolve.name_taken", "同一个 FROM 里有两张表同名，请用 AS 取不同的名字。", tree
            )
        for alias in columns:
            if any(alias.casefold() in held for held in columns.values()):
                sentence = f"表名或别名“{alias}”和某一列同名，读法不唯一；请用 AS 换一个别名。"
                raise self.fail("resolve.whole_row", sentence, tree)
        joinings = []
        for index, join in enumerate(joins, start=1):
            scope = _Scope(found[: index + 1], dict(list(columns.items())[: index + 1]))
            with suppress(_Fault):
                joinings.append(self.joining(join, scope, found[index].alias))
        return _Scope(found, columns), tuple(joinings)

    def relation(
        self, node: exp.Expr, definitions: Mapping[str, _Definition], level: int
    ) -> Relation:
        self.uses += 1
        if self.uses > MAX_RELATIONS:
            raise self.fail(
                "resolve.too_many", f"一次最多使用 {MAX_RELATIONS} 张表或子查询。", node
            )
        alias = node.args.get("alias")
        if isinstance(node, exp.Subquery):
            if alias is None or alias.this is None:
                raise self.fail("resolve.no_alias", "FROM 里的子查询必须用 AS 取一个名字。", node)
            return Derived(self.new_name(alias.this), self.query(node.this, definitions, level + 1))
        name = self.new_name(alias.this) if alias is not None and alias.this else None
        definition = definitions.get(node.name.casefold())
        if definition is not None:
            definition.used = True
            inner = self.query(definition.select, definition.visible, level + 1)
            return Derived(name or node.name, inner)
        source = self.tables.get(node.name.casefold())
        if source is None or len(_columns(Base("", source))) != len(source.columns()):
            sentence = (
                f"没有“{node.name[:40]}”这张表，或者没有使用它的许可；"
                "请核对表名，或先申请用数许可。"
            )
            raise self.fail("scope.not_found", sentence, node)
        return Base(name or source.table, source)

    def joining(self, join: exp.Join, scope: _Scope, joined: str) -> Joining:
        pairs = []
        for condition in _conjuncts(join.args.get("on")):
            sides = (condition.this, condition.expression) if isinstance(condition, exp.EQ) else ()
            if not sides or not all(isinstance(side, exp.Column) for side in sides):
                raise self.fail("resolve.join", "连接条件只能写成 ON 甲.列 = 乙.列。", join)
            one, other = (self.column(side, scope) for side in sides)
            if (one.table == joined) == (other.table == joined):
                raise self.fail("resolve.join", "连接条件的两边必须是两张不同的表的列。", condition)
            pairs.append((other, one) if one.table == joined else (one, other))
        if not pairs:
            raise self.fail("resolve.join", "每个连接都要写 ON 甲.列 = 乙.列。", join)
        return Joining(join.args.get("side") == "LEFT", tuple(pairs))

    # -- expressions -----------------------------------------------------------------------

    def projections(
        self, tree: exp.Select, scope: _Scope, *, inner: bool
    ) -> tuple[Projection, ...]:
        found: list[Projection] = []
        for number, node in enumerate(tree.expressions, start=1):
            if isinstance(node, exp.Star):
                found += self.star(scope, None, inner=inner)
            elif isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
                found += self.star(scope, node.args.get("table"), inner=inner)
            else:
                with suppress(_Fault):
                    found.append(self.projection(node, number, scope))
        names = [projection.name.casefold() for projection in found]
        if len(set(names)) != len(names):
            raise self.fail("resolve.name_taken", "输出里有两列同名，请用 AS 取不同的名字。", tree)
        return tuple(found)

    def projection(self, node: exp.Expr, number: int, scope: _Scope) -> Projection:
        expression = node.this if isinstance(node, exp.Alias) else node
        bound = self.bind(expression, scope)
        if isinstance(node, exp.Alias):
            return Projection(self.new_name(node.args["alias"]), bound)
        name = bound.name if isinstance(bound, exp.Column) else f"列{number}"
        return Projection(name, bound)

    def star(self, scope: _Scope, table: exp.Identifier | None, *, inner: bool) -> list[Projection]:
        """Subject columns are the platform's, not the owner's: the outermost star leaves them
        out. Below it they are needed to join and to count."""
        wanted = [r for r in scope.relations if table is None or _same(r.alias, table.name)]
        if not wanted:
            raise self.fail("resolve.unknown_relation", f"没有名为“{table}”的表或别名。", table)
        found = []
        for relation in wanted:
            names = list(_columns(relation).values()) if inner else _item_names(relation)
            if isinstance(relation, Base):
                self.mentioned |= {
                    (relation.source.resource, name) for name, _ in relation.source.columns()
                }
            found += [Projection(name, _column(relation.alias, name)) for name in names]
        return found

    def bind(self, expression: exp.Expr, scope: _Scope) -> exp.Expr:
        """Columns are bound in a copy; the parsed tree stays as it was read. A name that cannot
        be bound is recorded and the next one tried: all faults are told at once. Each column is
        filled in where it stands: `replace` would go through all its sisters again."""
        if isinstance(expression, exp.Column):
            return self.column(expression, scope)
        bound = expression.copy()
        for column in list(bound.find_all(exp.Column)):
            with suppress(_Fault):
                named = self.column(column, scope)
                column.set("this", named.this)
                column.set("table", named.args["table"])
        return bound

    def column(self, node: exp.Column, scope: _Scope) -> exp.Column:
        if isinstance(node.this, exp.Star):
            raise self.fail("resolve.star", "“*”只能单独写在 SELECT 后面或 count(*) 里。", node)
        folded, table = node.name.casefold(), node.args.get("table")
        if table is None and any(_same(folded, r.alias) for r in scope.relations):
            sentence = f"“{node.name}”是表名或别名，不能当作一列使用（那会取出整行）。"
            raise self.fail("resolve.whole_row", sentence, node)
        holders = [
            relation
            for relation in scope.relations
            if (table is None or _same(relation.alias, table.name))
            and folded in scope.columns[relation.alias]
        ]
        if not holders:
            hint = "可能误用了全角标点。" if any(c in node.name for c in _FULL_WIDTH) else ""
            sentence = f"找不到列“{node.name[:60]}”。{hint}请核对列名，或检查许可里有没有这一项。"
            raise self.fail("resolve.unknown_column", sentence, node)
        if len(holders) > 1:
            sentence = f"“{node.name}”在几张表里都有，请写成 表名.{node.name}。"
            raise self.fail("resolve.ambiguous", sentence, node)
        name = scope.columns[holders[0].alias][folded]
        if isinstance(holders[0], Base):
            self.mentioned.add((holders[0].source.resource, name))
        bound = _column(holders[0].alias, name)
        bound.this.meta.update(node.this.meta)
        return bound

    def by_name_or_ordinal(
        self, node: exp.Expr, scope: _Scope, projections: tuple[Projection, ...]
    ) -> exp.Expr:
        """GROUP BY and ORDER BY may name an output column by position or, failing a source
        column of that name, by alias; a name that could be both is refused."""
        if isinstance(node, exp.Literal):
            index = int(node.name) if not node.is_string and node.name.isdigit() else 0
            if not 1 <= index <= len(projections):
                raise self.fail(
                    "resolve.ordinal", "GROUP BY 和 ORDER BY 里的序号超出了输出列。", node
                )
            return projections[index - 1].expression.copy()
        if isinstance(node, exp.Column) and node.args.get("table") is None:
            named = [p for p in projections if _same(p.name, node.name)]
            held = any(node.name.casefold() in names for names in scope.columns.values())
            if named and not held:
                return named[0].expression.copy()
            if named and held and self.column(node, scope) != named[0].expression:
                sentence = f"“{node.name}”既是列名又是另一个输出列的别名，请换一个别名。"
                raise self.fail("resolve.ambiguous", sentence, node)
        return self.bind(node, scope)

    def ordering(
        self, tree: exp.Select, scope: _Scope, projections: tuple[Projection, ...]
    ) -> tuple[Ordering, ...]:
        order = tree.args.get("order")
        return tuple(
            Ordering(
                self.by_name_or_ordinal(node.this, scope, projections),
                bool(node.args.get("desc")),
                bool(node.args.get("nulls_first")),
            )
            for node in (order.expressions if order else ())
        )

    def new_name(self, identifier: exp.Identifier) -> str:
        name = identifier.name
        plain = name.isprintable() and not _FORBIDDEN_IN_NAMES & set(name) and name == name.strip()
        reserved = name.casefold().startswith(HIDDEN_PREFIX) and not self.allow_hidden
        if not plain or reserved or not 0 < len(name) <= MAX_NAME:
            sentence = "别名只能用普通文字（不超过 64 字），不能有引号、分号，也不能以 gs_ 开头。"
            raise self.fail("resolve.name", sentence, identifier)
        return name


def _conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """Iterative: a long chain of AND is a deep tree."""
    found: list[exp.Expr] = []
    stack = [condition] if condition is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Paren):
            stack.append(node.this)
        elif isinstance(node, exp.And):
            stack += [node.expression, node.this]
        else:
            found.append(node)
    return found


def _columns(relation: Relation) -> dict[str, str]:
    if isinstance(relation, Base):
        names = [name for name, _ in relation.source.columns()]
    else:
        names = [projection.name for projection in relation.query.projections]
    return {name.casefold(): name for name in names}


def _item_names(relation: Relation) -> list[str]:
    if isinstance(relation, Base):
        return [item.name for item in relation.source.items]
    return [projection.name for projection in relation.query.projections]


def _column(alias: str, name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True), exp.to_identifier(alias, quoted=True))


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _number(node: exp.Expr | None) -> int | None:
    return int(node.expression.name) if node is not None else None
