// The verdict beside the editor: <div data-verdict-of="#editor">. Every finding leads to its place;
// below it what each column of the result rests on.
import {say, teach} from "./words.js";

teach({
  "verdict.allowed": ["可以运行：查询在许可范围之内。", "It may run: the query stays within the grants."],
  "verdict.refused": ["不能运行：", "It may not run:"],
  "verdict.place": ["第 {line} 行第 {column} 列", "Line {line}, column {column}"],
  "verdict.lineage": ["结果列的来源", "What the columns rest on"],
  "verdict.nothing": ["不取自任何数据项", "no item"],
  "verdict.and": ["、", ", "],
  "verdict.grants": ["依据的用数许可：", "Grants it rests on: "],
  "verdict.limit": ["{limit}：要求 {asked}，允许 {allowed}", "{limit}: asked {asked}, allowed {allowed}"],
});

function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function linked(url, text, className = "") {
  const anchor = make("a", text, className);
  anchor.href = url;
  return anchor;
}

/** The grants that the query was judged by, each leading to its limits. */
function grants(given) {
  const line = make("p", say("verdict.grants"));
  given.forEach((one, index) => line.append(index ? say("verdict.and") : "", linked(one.url, one.title)));
  return line;
}

function finding(editor, one) {
  const line = make("li");
  if (one.where) {
    const [row, column] = one.where;
    const button = make("button", say("verdict.place", {line: row, column}), "link");
    button.type = "button";
    button.addEventListener("click", () => editor.jump(row, column));
    line.append(button, " ");
  }
  line.append(one.sentence);
  if (one.clause) line.append(" ", one.clause_url ? linked(one.clause_url, one.clause, "chip") : make("span", one.clause, "chip"));
  for (const limit of one.limits ?? []) line.append(make("div", say("verdict.limit", limit), "soft"));
  return line;
}

function lineage(columns) {
  const list = make("dl", "", "facts");
  for (const column of columns) {
    const items = (column.influences ?? []).map((item) => (Array.isArray(item) ? item.join(" · ") : item));
    list.append(make("dt", column.name), make("dd", items.join(say("verdict.and")) || say("verdict.nothing")));
  }
  return list;
}

function show(panel, editor, verdict) {
  const card = make("section", "", verdict.allowed ? "decision" : "decision refused");
  card.append(make("p", `${verdict.allowed ? "✓" : "✕"} ${say(verdict.allowed ? "verdict.allowed" : "verdict.refused")}`, "answer"));
  const list = make("ul");
  list.append(...(verdict.findings ?? []).map((one) => finding(editor, one)));
  list.append(...(verdict.notes ?? []).map((note) => make("li", note, "soft")));
  if (list.childElementCount) card.append(list);
  if (verdict.grants?.length) card.append(grants(verdict.grants));
  panel.replaceChildren(card);
  if (verdict.lineage?.length) panel.append(make("h3", say("verdict.lineage")), lineage(verdict.lineage));
}

export function attach(panel) {
  const editor = document.querySelector(panel.dataset.verdictOf);
  panel.setAttribute("aria-live", "polite");
  editor.addEventListener("gongshu:verdict", (event) => show(panel, editor, event.detail));
  if (editor.last) show(panel, editor, editor.last);
}
