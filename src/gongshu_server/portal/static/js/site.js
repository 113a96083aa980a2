// Attaches each behaviour to the elements that ask for it, on the page and in what htmx swaps in.
// A module is loaded only where it is needed. Without scripts every page still works; only the
// editor, charts and the progress of uploads need them.
import {token, waiting} from "./request.js";
import {say} from "./words.js";

const BEHAVIOURS = {
  autosave: "form[data-autosave]",
  chart: "figure[data-chart]",
  copy: "[data-copy]",
  dialogs: "[data-dialog], details.menu",
  editor: "gongshu-editor",
  guard: "form[method=post]:not([data-unguarded])",
  lineage: "[data-lineage]",
  passkey: "form[data-passkey]",
  tables: "table[data-sortable], input[data-filter]",
  upload: "[data-upload]",
  verdict: "[data-verdict-of]",
};
const attached = new WeakMap();

async function attachOne(name, element) {
  const known = attached.get(element) ?? new Set();
  if (known.has(name)) return;
  attached.set(element, known.add(name));
  const module = await import(`./${name}.js`);
  module.attach(element);
}

/** Attach what the elements below `root` ask for; return when all of it is in place. */
export function attachAll(root = document) {
  const work = [];
  for (const [name, selector] of Object.entries(BEHAVIOURS)) {
    const asked = `${selector}, [data-module~=${name}]`;
    const elements = [...root.querySelectorAll(asked)];
    if (root instanceof Element && root.matches(asked)) elements.push(root);
    work.push(...elements.map((element) => attachOne(name, element)));
  }
  return Promise.all(work);
}

const ends = new WeakMap();
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = token();
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const {elt, target} = event.detail;
  ends.set(elt, waiting(target, say("htmx.waiting")));
});
document.addEventListener("htmx:afterRequest", (event) => ends.get(event.detail.elt)?.());
for (const failure of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(failure, (event) => {
    const line = document.createElement("p");
    line.className = "notice error";
    line.setAttribute("role", "alert");
    line.textContent = say("htmx.failed");
    event.detail.target?.after(line);
  });
}
document.addEventListener("htmx:load", (event) => attachAll(event.detail.elt));
attachAll().then(() => document.documentElement.setAttribute("data-ready", ""));
