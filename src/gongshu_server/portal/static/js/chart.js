// <figure data-chart="bar|line|pie|treemap|heatmap|map|sankey|graph" data-source="#table">
//   <figcaption>…</figcaption>
// </figure>
//
// Draws the table that stands beside it; the table stays, for whoever does not look. The first
// column names, the columns with numbers are drawn; a heading may say data-as="line|limit|late|
// none", a cell data-value="…" where its text is no plain number. A link in a row's cell is where
// a click on its bar leads. data-source may be the address of a page with one table, which is then
// put beside the chart. data-map is the address of the GeoJSON whose features' "name" the rows use.
// data-stacked stacks the bars.
import {csv, png, save, svg} from "./downloads.js";
import {SHOWN, drawing, lies} from "./drawings.js";
import {send, waiting} from "./request.js";
import {measures, read, safe} from "./tabular.js";
import {say, teach} from "./words.js";

teach({
  "chart.waiting": ["正在画图，请稍候；数据见表。", "Drawing. Please wait; the table has the numbers."],
  "chart.failed": ["图没有画出来，数据见表。", "The chart could not be drawn; the table has the numbers."],
  "chart.empty": ["还没有可画的数据。", "There is nothing to draw yet."],
  "chart.first": ["图中为前 {shown} 项，其余 {rest} 项见表。", "The chart shows the first {shown}; the other {rest} are in the table."],
  "chart.others": ["其他", "Others"],
  "chart.table": ["数据表", "Table"],
  "chart.said": ["{title}：{count} 项，{first}。完整数据见表。", "{title}: {count} entries, {first}. The table has all numbers."],
  "chart.download": ["下载", "Download"],
  "chart.take": ["下载“{title}”{kind}", "Download “{title}” as {kind}"],
});

const NARROW = 560;
const ready = new WeakSet();

async function tableOf(element) {
  const source = element.dataset.source;
  if (source.startsWith("#")) return document.querySelector(source);
  const page = new DOMParser().parseFromString(await (await send(source)).text(), "text/html");
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = say("chart.table");
  details.append(summary, document.importNode(page.querySelector("table"), true));
  element.after(details);
  return details.querySelector("table");
}

function note(element, sentence) {
  const line = document.createElement("p");
  line.className = "chart-failed";
  line.textContent = sentence;
  element.append(line);
}

/** Keep the rows that a chart of this kind can show, and say what was left to the table. */
function shown(element, kind, table) {
  const most = kind === "bar" ? Number(element.dataset.most ?? SHOWN.bar) : Infinity;
  if (table.rows.length <= most) return table;
  note(element, say("chart.first", {shown: most, rest: table.rows.length - most}));
  return {...table, rows: table.rows.slice(0, most)};
}

const titled = (element) => element.querySelector("figcaption")?.textContent.trim() || element.dataset.title || "";

function sentence(element, {columns, rows}) {
  const title = titled(element) || columns[0].title;
  const first = rows.slice(0, 5).map((row) => row.slice(0, 3).map((cell) => cell.text).join(" ")).join("；");
  return say("chart.said", {title, count: rows.length, first});
}

async function registered(element, echarts) {
  if (!element.dataset.map) return "";
  const shapes = await (await send(element.dataset.map)).json();
  for (const {properties} of shapes.features) properties.name = safe(properties.name);
  const name = `map:${element.dataset.map}`;
  echarts.registerMap(name, shapes);
  return name;
}

function place(element, kind, table) {
  const box = document.createElement("div");
  box.className = "chart-drawing";
  // Lying bars take the height they need, few or many.
  if (kind === "bar" && lies(table, element.clientWidth < NARROW)) {
    const bars = "stacked" in element.dataset ? 1 : measures(table).length;
    box.style.height = `${table.rows.length * (bars * 20 + 14) + 88}px`;
  }
  if (kind === "heatmap") box.style.height = `${table.rows.length * 34 + 96}px`;
  const caption = element.querySelector("figcaption");
  if (caption) caption.after(box);
  else element.prepend(box);
  return box;
}

function tools(element, box, source) {
  const title = titled(element) || "gongshu";
  const picture = () => box.querySelector("svg");
  const kinds = {csv: async () => csv(source), svg: async () => svg(picture()), png: () => png(picture())};
  const bar = document.createElement("p");
  bar.className = "chart-tools";
  bar.append(say("chart.download"));
  for (const [kind, make] of Object.entries(kinds)) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = kind.toUpperCase();
    button.setAttribute("aria-label", say("chart.take", {title, kind: kind.toUpperCase()}));
    button.addEventListener("click", async () => save(`${title}.${kind}`, await make()));
    bar.append(" ", button);
  }
  box.after(bar);
}

/** A click on a shape leads where its row's link leads, the number's own before any other. */
function follow(chart, kind, table) {
  const columns = measures(table);
  chart.on("click", ({dataIndex, name, seriesIndex}) => {
    const ordered = kind === "bar" || kind === "line";
    const row = ordered ? table.rows[dataIndex] : table.rows.find(([first]) => first.text === name);
    const href = row?.[columns[seriesIndex]]?.href || row?.find((cell) => cell.href)?.href;
    if (href) location.assign(href);
  });
}

/** Resolve once the box has a size: inside a closed <details> there is nothing to draw on. */
function visible(box) {
  return new Promise((resolve) => {
    new ResizeObserver((_, observer) => {
      if (!box.clientWidth) return;
      observer.disconnect();
      resolve();
    }).observe(box);
  });
}

/** Draw, and draw anew where the place becomes narrow or wide. On paper the style sheet scales it. */
function fit(chart, box, show) {
  let width = box.clientWidth;
  const scalable = () => box.querySelector("svg").setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  show(width < NARROW);
  scalable();
  new ResizeObserver(() => {
    if (!box.clientWidth || box.clientWidth === width || matchMedia("print").matches) return;
    const other = width < NARROW !== box.clientWidth < NARROW;
    width = box.clientWidth;
    chart.resize();
    if (other) show(width < NARROW);
    scalable();
  }).observe(box);
}

async function draw(element) {
  const kind = element.dataset.chart;
  const [source, echarts] = await Promise.all([tableOf(element), import("../vendor/echarts-6.1.0/echarts.js")]);
  const whole = read(source);
  if (!whole.rows.length) {
    note(element, say("chart.empty"));
    return;
  }
  const table = shown(element, kind, whole);
  const box = place(element, kind, table);
  const context = {said: sentence(element, whole), stacked: "stacked" in element.dataset, mapName: await registered(element, echarts)};
  await visible(box);
  const chart = echarts.init(box, null, {renderer: "svg"});
  fit(chart, box, (narrow) => chart.setOption(drawing(kind, table, {...context, narrow}), true));
  follow(chart, kind, table);
  tools(element, box, source);
}

/** Draw the chart of a figure; where that fails, say so and leave the table. */
export async function attach(element) {
  if (ready.has(element)) return;
  ready.add(element);
  const stop = waiting(element, say("chart.waiting"));
  try {
    await draw(element);
  } catch (failure) {
    console.error(failure);
    note(element, say("chart.failed"));
  } finally {
    stop();
  }
}
