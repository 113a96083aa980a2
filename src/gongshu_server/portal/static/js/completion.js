// Completion of SQL over what the grant allows: tables and items with their Chinese titles.
// A name is found by any part of it or of its title, and is inserted quoted where SQL needs that.
import {PostgreSQL, syntaxTree} from "../vendor/codemirror-6.43.15/codemirror.js";

const SPEECHLESS = new Set(["String", "LineComment", "BlockComment", "Number"]);
const KEYWORDS = [
  "SELECT", "FROM", "JOIN", "LEFT JOIN", "ON", "WHERE", "GROUP BY", "ORDER BY", "AS", "AND", "OR", "NOT", "IN",
  "IS NULL", "IS NOT NULL", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "DISTINCT", "FILTER", "DATE",
  "count(*)", "count(DISTINCT )", "sum()", "avg()", "min()", "max()",
].map((label) => ({label, type: "keyword", boost: -2}));
const PLAIN = /^[a-z_][a-z0-9_]*$/;
const NAME = String.raw`(?:"[^"]+"|[\p{L}_][\p{L}\p{N}_]*)`;
const REFERENCE = new RegExp(String.raw`\b(?:from|join)\s+(${NAME})(?:\s+(?:as\s+)?(${NAME}))?`, "giu");
const BEFORE = new RegExp(String.raw`(?:(${NAME})\.)?("?)([\p{L}\p{N}_]*)$`, "u");

const bare = (name) => name.replace(/^"|"$/g, "");
export const quoted = (name) => (PLAIN.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** Return the tables that the text names, by name and by alias. */
function named(text, tables) {
  const found = new Map();
  const byName = new Map(tables.map((table) => [table.name, table]));
  for (const [, name, alias] of text.matchAll(REFERENCE)) {
    const table = byName.get(bare(name));
    if (!table) continue;
    found.set(table.name, table);
    if (alias && !PostgreSQL.spec?.words?.[alias.toLowerCase()]) found.set(bare(alias), table);
  }
  return found;
}

function option(entry, type, boost) {
  return {
    label: entry.name,
    detail: [entry.title, entry.type].filter((part) => part && part !== entry.name).join(" · "),
    info: entry.note || undefined,
    type,
    boost,
    apply: quoted(entry.name),
  };
}

function offered(owner, text, tables) {
  const used = named(text, tables);
  if (owner) {
    const table = used.get(bare(owner)) ?? tables.find((one) => one.name === bare(owner));
    return table ? table.columns.map((column) => option(column, "property", 2)) : [];
  }
  const columns = [...new Set(used.values())].flatMap((table) => table.columns);
  const unique = [...new Map(columns.map((column) => [column.name, column])).values()];
  return [
    ...unique.map((column) => option(column, "property", 1)),
    ...tables.map((table) => option(table, "class", 0)),
  ];
}

/** Return CodeMirror's completion source for {tables: [{name, title, columns: [{name, title, type, note}]}]}. */
export function completing(schema) {
  return async (context) => {
    const inside = syntaxTree(context.state).resolveInner(context.pos, -1).name;
    if (SPEECHLESS.has(inside)) return null;
    const line = context.state.doc.lineAt(context.pos);
    const [, owner, quote, word] = BEFORE.exec(line.text.slice(0, context.pos - line.from));
    if (!word && !owner && !quote && !context.explicit) return null;
    const {tables} = await schema();
    const wanted = word.toLowerCase();
    const fits = (one) => `${one.label}\n${one.detail ?? ""}`.toLowerCase().includes(wanted);
    const options = offered(owner, context.state.doc.toString(), tables).filter(fits);
    if (!owner && !quote) options.push(...KEYWORDS.filter((one) => one.label.toLowerCase().startsWith(wanted)));
    const after = context.state.sliceDoc(context.pos, context.pos + 1) === '"' ? 1 : 0;
    const from = context.pos - word.length - quote.length;
    return options.length ? {from, to: context.pos + (quote ? after : 0), options, filter: false} : null;
  };
}
