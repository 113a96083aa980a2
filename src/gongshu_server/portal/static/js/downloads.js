// A chart taken along: its numbers as CSV, its picture as SVG or PNG.

export function save(name, blob) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
}

// A cell that a spreadsheet would take for a formula is made text.
const cell = (text) => {
  const plain = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

/** Return the table as CSV with a mark by which spreadsheets know UTF-8. */
export function csv(table) {
  const rows = [...table.rows].map((row) => [...row.cells].map((one) => cell(one.textContent.trim().replace(/\s+/g, " "))));
  return new Blob([`\ufeff${rows.map((row) => row.join(",")).join("\r\n")}\r\n`], {type: "text/csv;charset=utf-8"});
}

export function svg(element) {
  const copy = element.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", `0 0 ${element.clientWidth} ${element.clientHeight}`);
  return new Blob([new XMLSerializer().serializeToString(copy)], {type: "image/svg+xml"});
}

function address(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = reject;
    reader.readAsDataURL(blob);
  });
}

/** Return the picture as PNG on white, at twice its size. */
export async function png(element) {
  const image = new Image();
  image.src = await address(svg(element));
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [element.clientWidth * 2, element.clientHeight * 2];
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
