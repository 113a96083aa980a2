// Places the boxes of a lineage in layers from left to right: names wrapped, each box beside the
// middle of those it is linked with, so that few links cross.

// Five layers, from a result to the case of its grant, fit beside each other on a usual screen.
const WIDE = 188;
const BETWEEN = 48;
const APART = 14;
const EDGE = 12;
const LINES = 4;
export const HEAD = 8;

const pen = document.createElement("canvas").getContext("2d");

/** Break a text into lines of a width in pixels; Chinese breaks anywhere, Latin between words. */
function wrapped(text, width) {
  pen.font = `15px ${getComputedStyle(document.body).fontFamily}`;
  const pieces = text.match(/[\p{Script=Latin}\p{N}_.\-/@]+\s*|\s+|./gsu) ?? [];
  const lines = [""];
  for (const piece of pieces.flatMap((one) => (pen.measureText(one).width > width ? [...one] : [one]))) {
    if (pen.measureText(lines.at(-1) + piece.trimEnd()).width <= width) lines[lines.length - 1] += piece;
    else lines.push(piece.trimStart());
  }
  if (lines.length <= LINES) return lines;
  return [...lines.slice(0, LINES - 1), `${lines[LINES - 1].slice(0, -1)}…`];
}

const middle = (boxes) => boxes.reduce((sum, box) => sum + box.y + box.height / 2, 0) / boxes.length;

/** Order a layer by the middles of its neighbours on one side, and stack it. */
function stack(layer, neighbours) {
  const wanted = new Map(layer.map((box) => [box, neighbours(box).length ? middle(neighbours(box)) : box.y]));
  layer.sort((a, b) => wanted.get(a) - wanted.get(b));
  let y = EDGE;
  for (const box of layer) {
    box.y = y;
    y += box.height + APART;
  }
  return y - APART + EDGE;
}

/** Give every box x, y, width, height and lines; return the size of the whole. */
export function arranged({boxes, links}) {
  for (const box of boxes) {
    box.lines = wrapped(box.text, WIDE - 20);
    Object.assign(box, {width: WIDE, height: 34 + box.lines.length * 21, x: EDGE + box.layer * (WIDE + BETWEEN), y: 0});
  }
  const depth = Math.max(...boxes.map((box) => box.layer)) + 1;
  const layers = Array.from({length: depth}, (_, n) => boxes.filter((box) => box.layer === n));
  const outputs = (box) => links.filter((link) => link.source === box).map((link) => link.output);
  const sources = (box) => links.filter((link) => link.output === box).map((link) => link.source);
  for (const layer of layers) stack(layer, outputs);
  for (const layer of [...layers].reverse()) stack(layer, sources);
  const heights = layers.map((layer) => stack(layer, outputs));
  const height = Math.max(...heights);
  // A short layer stands in the middle of the tallest, where its links are short.
  layers.forEach((layer, n) => layer.forEach((box) => {
    box.y += (height - heights[n]) / 2;
  }));
  return {width: EDGE * 2 + depth * WIDE + (depth - 1) * BETWEEN, height};
}
