// Sorting and filtering of a table that is already complete on the page.
import {say} from "./words.js";

const order = new Intl.Collator("zh-CN", {numeric: true, sensitivity: "base"});

const text = (row, column) => {
  const cell = row.cells[column];
  return cell?.dataset.sort ?? cell?.textContent.trim() ?? "";
};
/** Return the cell as a number where it is one: ￥1,234.50, 12%, 3 个. */
const number = (value) => {
  const found = /^[￥¥]?\s*(-?[\d,]+(?:\.\d+)?)/.exec(value);
  return found && !/[年月日:：-]/.test(value.slice(1)) ? Number(found[1].replaceAll(",", "")) : NaN;
};

function compare(a, b) {
  const [x, y] = [number(a), number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return order.compare(a, b);
}

function sort(table, heading, column) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => compare(text(a, column), text(b, column)) * (down ? -1 : 1));
  table.tBodies[0].append(...rows);
}

function sortable(table) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    if (heading.hasAttribute("data-unsorted") || !heading.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(table, heading, column));
  });
}

function filter(input) {
  const table = document.querySelector(input.dataset.filter);
  const said = document.createElement("p");
  said.className = "help";
  said.setAttribute("role", "status");
  input.after(said);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    const shown = rows.filter((row) => !row.hidden).length;
    said.textContent = wanted ? say("table.matches", {shown, all: rows.length}) : "";
  });
}

export function attach(element) {
  if (element.matches("table")) sortable(element);
  else filter(element);
}
