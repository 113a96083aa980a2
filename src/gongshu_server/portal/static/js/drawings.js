// What ECharts is asked to draw, by kind of chart. Calm: one accent, no gradients, no motion.
import {measures} from "./tabular.js";
import {figure, say} from "./words.js";

export const SHOWN = {bar: 30, pie: 7};
const INK = "#1d2433";
const SOFT = "#5a6579";
const LINE = "#d9dee7";
const LATE = "#b3261e";
const COLOURS = ["#1f5fae", "#b57414", "#3f8f68", "#7a4aa0", "#0b7285", "#5a6579", "#8f6b4a"];
const STEPS = ["#e6eef8", "#bcd3ed", "#84addb", "#4a83c2", "#1f5fae", "#123d73"];
const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", system-ui, sans-serif';

// A Latin letter or a digit is half as wide as a Chinese character.
const width = (text) => [...text].reduce((sum, sign) => sum + (sign.codePointAt(0) < 0x2e80 ? 0.5 : 1), 0);
function cut(text, room) {
  if (width(text) <= room) return text;
  const signs = [...text];
  while (signs.length && width(signs.join("")) > room - 1) signs.pop();
  return `${signs.join("")}…`;
}
const label = {color: INK, fontSize: 13, fontFamily: FONT};

function frame(kind, said) {
  return {
    animation: false,
    aria: {enabled: true, label: {description: said}, decal: {show: false}},
    color: COLOURS,
    textStyle: {fontFamily: FONT, color: INK, fontSize: 13},
    tooltip: {
      renderMode: "richText", confine: true, trigger: ["bar", "line"].includes(kind) ? "axis" : "item",
      axisPointer: {type: kind === "bar" ? "shadow" : "line"}, backgroundColor: "#fff", borderColor: SOFT,
      textStyle: {color: INK, fontSize: 13, fontFamily: FONT},
    },
  };
}

const lines = (title, entries) => [title, ...entries.map(([name, value]) => `${name}  ${value}`)].join("\n");
const stated = (value) => (value === null || value === undefined || Number.isNaN(value) ? "—" : figure(value));

function series(table, index, position, kind) {
  const {title, as} = table.columns[index];
  const line = kind === "line" || as === "line" || as === "limit";
  const colour = as === "late" ? LATE : as === "limit" ? INK : COLOURS[position % COLOURS.length];
  return {
    name: title,
    type: line ? "line" : "bar",
    data: table.rows.map((row) => row[index].value),
    barMaxWidth: 28,
    barCategoryGap: "35%",
    itemStyle: {color: colour},
    lineStyle: {color: colour, width: 2, type: as === "limit" ? "dashed" : "solid"},
    symbol: as === "limit" ? "none" : ["circle", "rect", "triangle", "diamond"][position % 4],
    symbolSize: 7,
    showSymbol: table.rows.length <= 60,
    connectNulls: false,
  };
}

/** Tell whether bars lie: where names are long, or many, or the place is narrow. */
export function lies({rows}, narrow) {
  return narrow || rows.length > 12 || rows.some(([name]) => name.text.length > 6);
}

/** Bars and lines over the first column; bars lie where names are long or the place is narrow. */
function axes(kind, table, {stacked, narrow, said}) {
  const columns = measures(table);
  const names = table.rows.map((row) => row[0].text);
  const lying = kind === "bar" && lies(table, narrow);
  const whole = table.rows.every((row) => columns.every((index) => Number.isInteger(row[index].value ?? 0)));
  const room = lying ? (narrow ? 9 : 16) : 8;
  const category = {
    type: "category", data: names, inverse: lying, axisTick: {show: false}, axisLine: {lineStyle: {color: SOFT}},
    axisLabel: {...label, interval: lying ? 0 : "auto", formatter: (text) => cut(text, room)},
  };
  const value = {type: "value", splitLine: {lineStyle: {color: LINE}}, axisLabel: {...label, color: SOFT, formatter: (n) => figure(n), hideOverlap: true}, scale: kind === "line", minInterval: whole ? 1 : 0};
  const drawn = columns.map((index, position) => series(table, index, position, kind));
  const bars = drawn.filter((one) => one.type === "bar");
  if (stacked) for (const one of bars) one.stack = "all";
  if (bars.length === 1 && names.length <= 30) {
    bars[0].label = {...label, show: true, position: lying ? "right" : "top", formatter: ({value: n}) => stated(n)};
  }
  return {
    ...frame(kind, said),
    legend: {show: columns.length > 1, top: 0, left: 0, textStyle: label, itemGap: 16},
    grid: {left: 8, right: lying ? 56 : 24, top: columns.length > 1 ? 40 : 24, bottom: 8, containLabel: true},
    xAxis: lying ? value : category,
    yAxis: lying ? category : value,
    series: drawn,
    tooltip: {
      ...frame(kind, said).tooltip,
      formatter: (points) => lines(names[points[0].dataIndex], points.map((p) => [p.seriesName, stated(p.value)])),
    },
  };
}

function parts(kind, table, {narrow, said}) {
  const [index] = measures(table);
  const all = table.rows.map((row) => ({name: row[0].text, value: row[index].value ?? 0}));
  const total = all.reduce((sum, one) => sum + one.value, 0);
  const share = (n) => (total ? `${figure((100 * n) / total)}%` : "—");
  const data = kind === "pie" && all.length > SHOWN.pie + 1 ? gathered(all) : all;
  const options = frame(kind, said);
  options.tooltip.formatter = ({name, value}) => lines(name, [[figure(value), share(value)]]);
  if (kind === "pie") return {...options, ...round(data, share, narrow)};
  options.series = [{
    type: "treemap", data: data.map((one) => ({...one, itemStyle: {color: COLOURS[0]}})), roam: false, nodeClick: false,
    breadcrumb: {show: false}, left: 0, right: 0, top: 0, bottom: 0, itemStyle: {borderColor: "#fff", borderWidth: 2, gapWidth: 2},
    label: {color: "#fff", fontSize: 13, fontFamily: FONT, formatter: ({name, value}) => `${cut(name, 14)}\n${figure(value)}`},
  }];
  return options;
}

/** A ring whose names and shares stand in its key, where there is room for them. */
function round(data, share, narrow) {
  const shares = new Map(data.map((one) => [one.name, share(one.value)]));
  const key = (name) => `${cut(name, 16)}  ${shares.get(name)}`;
  const place = narrow ? {left: 0, bottom: 0, orient: "vertical"} : {left: "52%", top: "middle", orient: "vertical"};
  const centre = narrow ? ["50%", "34%"] : ["26%", "50%"];
  return {
    legend: {...place, formatter: key, textStyle: label, itemGap: 8, selectedMode: false},
    series: [{type: "pie", radius: narrow ? ["30%", "52%"] : ["42%", "72%"], center: centre, data, itemStyle: {borderColor: "#fff", borderWidth: 2}, label: {show: false}, emphasis: {scale: false}}],
  };
}

function gathered(all) {
  const sorted = [...all].sort((a, b) => b.value - a.value);
  const rest = sorted.slice(SHOWN.pie).reduce((sum, one) => sum + one.value, 0);
  return [...sorted.slice(0, SHOWN.pie), {name: say("chart.others"), value: rest, itemStyle: {color: "#9aa3b2"}}];
}

function heatmap(table, {said}) {
  const columns = measures(table);
  const cells = table.rows.flatMap((row, y) => columns.map((index, x) => [x, y, row[index].value ?? "-"]));
  const values = cells.map(([, , n]) => n).filter(Number.isFinite);
  const options = frame("heatmap", said);
  options.tooltip.formatter = ({value: [x, y, n]}) => lines(table.rows[y][0].text, [[table.columns[columns[x]].title, stated(n)]]);
  return {
    ...options,
    grid: {left: 8, right: 8, top: 8, bottom: 56, containLabel: true},
    xAxis: {type: "category", data: columns.map((index) => table.columns[index].title), axisLabel: label, splitArea: {show: false}},
    yAxis: {type: "category", inverse: true, data: table.rows.map((row) => row[0].text), axisLabel: {...label, interval: 0, formatter: (text) => cut(text, 14)}},
    visualMap: steps(values),
    series: [{type: "heatmap", data: cells, itemStyle: {borderColor: "#fff", borderWidth: 2}, label: {show: cells.length <= 120, formatter: ({value}) => stated(value[2])}}],
  };
}

/** Return at most five steps of a round width from nought (or below) to the greatest value. */
function steps(values) {
  const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const wide = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const first = Math.floor(low / wide) * wide;
  const pieces = Array.from({length: Math.ceil((high - first) / wide)}, (_, n) => ({
    gte: first + n * wide, lt: first + (n + 1) * wide, label: `${figure(first + n * wide)}–${figure(first + (n + 1) * wide)}`,
    color: STEPS[n],
  }));
  delete pieces.at(-1).lt;
  return {type: "piecewise", pieces, orient: "horizontal", left: 0, bottom: 0, itemGap: 6, itemWidth: 14, textStyle: {...label, fontSize: 12}};
}

function map(table, {said, mapName}) {
  const [index] = measures(table);
  const data = table.rows.map((row) => ({name: row[0].text, value: row[index].value ?? NaN}));
  const options = frame("map", said);
  options.tooltip.formatter = ({name, value}) => lines(name, [[table.columns[index].title, stated(value)]]);
  return {
    ...options,
    visualMap: steps(data.map((one) => one.value).filter(Number.isFinite)),
    series: [{type: "map", map: mapName, data, left: 8, right: 8, top: 8, bottom: 48, selectedMode: false, nameProperty: "name", itemStyle: {areaColor: "#f6f8fb", borderColor: SOFT}, label: {...label, show: true, textBorderColor: "#fff", textBorderWidth: 3}, emphasis: {itemStyle: {areaColor: "#ffe9b8"}, label}}],
  };
}

/** From → to → how much: the first three columns. A network may have circles, a stream may not. */
function flow(kind, table, {narrow, said}) {
  const links = table.rows.map((row) => ({source: row[0].text, target: row[1].text, value: row[2]?.value ?? 1})).filter((one) => one.source !== one.target || kind === "graph");
  const names = [...new Set(links.flatMap((one) => [one.source, one.target]))];
  const options = frame(kind, said);
  options.tooltip.formatter = ({dataType, data, name, value}) => dataType === "edge" ? `${data.source} → ${data.target}  ${figure(data.value)}` : `${name}${Number.isFinite(value) ? `  ${figure(value)}` : ""}`;
  const node = {...label, formatter: ({name}) => cut(name, narrow ? 6 : 12)};
  options.series = kind === "sankey"
    ? [{type: "sankey", data: names.map((name) => ({name})), links, left: 8, right: narrow ? 84 : 168, top: 8, bottom: 8, draggable: false, nodeGap: 12, label: node, lineStyle: {color: "source", opacity: 0.25}}]
    : [{type: "graph", layout: "circular", data: names.map((name) => ({name, symbolSize: 22})), links, left: "15%", right: "15%", top: 40, bottom: 40, edgeSymbol: ["none", "arrow"], edgeSymbolSize: 8, label: {...node, show: true, position: "bottom"}, lineStyle: {color: SOFT, curveness: 0.15}}];
  return options;
}

/** Return ECharts' options for a kind of chart over a table. */
export function drawing(kind, table, context) {
  if (kind === "bar" || kind === "line") return axes(kind, table, context);
  if (kind === "pie" || kind === "treemap") return parts(kind, table, context);
  if (kind === "heatmap") return heatmap(table, context);
  if (kind === "map") return map(table, context);
  if (kind === "sankey" || kind === "graph") return flow(kind, table, context);
  throw new Error(`no chart of kind ${kind}`);
}
