// Reads a table as a chart needs it. The table is the one source: what it does not say is not drawn.

// A name is drawn as text: directional controls are left out, and a "{style|" of the name's own
// is kept from being read as a style of the drawing. ECharts keeps things by name in plain objects;
// a name like "__proto__" would reach the prototype of every object of the page, so it gets an
// invisible sign before it.
const CONTROLS = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b-\u001f]/g;
export const plain = (text) => String(text).replace(CONTROLS, "").replace(/\s+/g, " ").trim();
export function safe(text) {
  const shown = plain(text).replaceAll("{", "{\u200b");
  return shown in Object.prototype ? `\u200b${shown}` : shown;
}

/** Return the number a cell says, null where it says none: data-value, or ￥1,234.50, 12%, 3 件. */
export function amount(cell) {
  const said = cell?.dataset.value ?? cell?.textContent ?? "";
  const found = /^\s*[￥¥]?\s*(-?\d[\d,]*(?:\.\d+)?)/.exec(said);
  return found ? Number(found[1].replaceAll(",", "")) : null;
}

function link(cell) {
  const anchor = cell?.querySelector("a[href]");
  return anchor && new URL(anchor.href).origin === location.origin ? anchor.href : "";
}

/** Return {columns: [{title, as}], rows: [[{text, value, href}]]} of the table's head and bodies. */
export function read(table) {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const columns = heads.map((cell) => ({title: safe(cell.textContent), as: cell.dataset.as ?? ""}));
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.cells.length === columns.length);
  const cells = (row) => [...row.cells].map((cell) => ({text: safe(cell.textContent), value: amount(cell), href: link(cell)}));
  return {columns, rows: rows.map(cells)};
}

/** Return which columns hold numbers to draw: those that say so, or every one with a number in it. */
export function measures({columns, rows}) {
  const indices = columns.map((_, index) => index).slice(1);
  const named = indices.filter((index) => ["bar", "line", "limit", "late"].includes(columns[index].as));
  if (named.length) return named;
  return indices.filter((index) => columns[index].as !== "none" && rows.some((row) => row[index].value !== null));
}
