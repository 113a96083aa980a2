// The lineage picture 来龙去脉, drawn from a nested list that says the same without a picture:
//
// <div data-lineage aria-label="…"><ul>
//   <li data-node="KEY" data-sort="产品字段"><a href="…">企业数</a>
//     <ul><li data-node="KEY" data-sort="数据项">…</li></ul></li></ul></div>
//
// A list inside an entry holds what the entry comes from. Entries with the same data-node are one
// box; without it, those of the same depth and text. Left is the output, right what it rests on;
// pointing at a box, or reaching it by Tab, shows its whole path. Where there is no room for a
// drawing the list is all there is.
import {arranged, HEAD} from "./layers.js";
import {plain} from "./tabular.js";
import {say, teach} from "./words.js";

teach({
  "lineage.list": ["用列表看来龙去脉", "Lineage as a list"],
  "lineage.picture": ["来龙去脉：从结果到来源", "Lineage: from the output to its sources"],
});

const ROOM = 700;
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

/** Return the entry's own text and link, without those of the list inside it. */
function own(entry) {
  const copy = entry.cloneNode(true);
  for (const inner of copy.querySelectorAll("ul, ol")) inner.remove();
  const link = entry.querySelector(":scope > a[href]");
  const inside = link && new URL(link.href).origin === location.origin;
  return {text: plain(copy.textContent), href: inside ? link.href : ""};
}

/** Read boxes and links from the nested list; a box stands as far right as its deepest entry. */
export function graph(list) {
  const boxes = new Map();
  const links = new Map();
  const visit = (entry, depth, parent) => {
    const {text, href} = own(entry);
    const key = entry.dataset.node ?? `${depth} ${text}`;
    const box = boxes.get(key) ?? {key, text, href, sort: plain(entry.dataset.sort ?? ""), layer: 0};
    box.layer = Math.max(box.layer, depth);
    boxes.set(key, box);
    if (parent) links.set(`${parent.key}\n${key}`, {output: parent, source: box});
    for (const inner of entry.querySelectorAll(":scope > :is(ul, ol) > li")) visit(inner, depth + 1, box);
  };
  for (const entry of list.children) visit(entry, 0, null);
  return {boxes: [...boxes.values()], links: [...links.values()]};
}

/** Return everything that a box comes from and everything that comes from it, itself included. */
function path(box, links) {
  const found = new Set([box]);
  for (const [from, to] of [["output", "source"], ["source", "output"]]) {
    const open = [box];
    while (open.length) {
      const here = open.pop();
      for (const link of links) {
        if (link[from] !== here || found.has(link[to])) continue;
        found.add(link[to]);
        open.push(link[to]);
      }
    }
  }
  return found;
}

function drawnLink({output, source}) {
  const [x1, y1] = [output.x + output.width + HEAD, output.y + output.height / 2];
  const [x2, y2] = [source.x, source.y + source.height / 2];
  const bend = (x2 - x1) / 2;
  const group = make("g", {class: "link"});
  group.append(
    make("path", {d: `M${x2},${y2}C${x2 - bend},${y2} ${x1 + bend},${y1} ${x1},${y1}`}),
    make("path", {class: "head", d: `M${x1 - HEAD},${y1}l${HEAD},-4v8z`}),
  );
  return group;
}

function drawnBox(box) {
  const group = make("g", {class: "node"});
  group.append(
    make("title", {}, [box.sort, box.text].filter(Boolean).join("：")),
    make("rect", {class: "box", x: box.x, y: box.y, width: box.width, height: box.height, rx: 4}),
    make("text", {class: "sort", x: box.x + 10, y: box.y + 20}, box.sort),
  );
  box.lines.forEach((line, n) => group.append(make("text", {class: "title", x: box.x + 10, y: box.y + 41 + n * 21}, line)));
  if (!box.href) {
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "img");
    group.setAttribute("aria-label", [box.sort, box.text].filter(Boolean).join("："));
    return group;
  }
  const anchor = make("a", {href: box.href, "aria-label": [box.sort, box.text].filter(Boolean).join("：")});
  anchor.append(group);
  return anchor;
}

function trace(svg, {boxes, links}, shapes) {
  const show = (box) => {
    const found = box ? path(box, links) : new Set();
    svg.classList.toggle("tracing", Boolean(box));
    for (const one of boxes) shapes.get(one).classList.toggle("traced", found.has(one));
    for (const one of links) shapes.get(one).classList.toggle("traced", found.has(one.output) && found.has(one.source));
  };
  for (const box of boxes) {
    const shape = shapes.get(box);
    for (const event of ["pointerenter", "focusin"]) shape.addEventListener(event, () => show(box));
    for (const event of ["pointerleave", "focusout"]) shape.addEventListener(event, () => show(null));
  }
}

function draw(list, name) {
  const found = graph(list);
  const {width, height} = arranged(found);
  const svg = make("svg", {width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": name});
  const shapes = new Map();
  for (const link of found.links) shapes.set(link, svg.appendChild(drawnLink(link)));
  for (const box of found.boxes) {
    const shape = svg.appendChild(drawnBox(box));
    shapes.set(box, shape.matches("a") ? shape.firstChild : shape);
  }
  trace(svg, found, shapes);
  return svg;
}

/** Draw the list where there is room, and fold the list away below the drawing. */
export function attach(element) {
  const list = element.querySelector(":scope > :is(ul, ol)");
  element.classList.add("lineage-source");
  if (!list?.children.length || element.clientWidth < ROOM) return;
  const drawing = document.createElement("div");
  drawing.className = "lineage-drawing";
  drawing.append(draw(list, element.getAttribute("aria-label") ?? say("lineage.picture")));
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = say("lineage.list");
  details.append(summary, list);
  element.append(drawing, details);
}
