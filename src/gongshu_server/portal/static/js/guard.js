// Form guard: a second click sends nothing, and leaving with unsaved changes is asked about.
import {waiting} from "./request.js";
import {say} from "./words.js";

const changed = new Set();
let leaving = false;

const content = (form) =>
  JSON.stringify([...new FormData(form)].map(([key, value]) => [key, value.name ?? value]));

function release(form, state) {
  state.sent = false;
  state.stop?.();
  for (const button of form.querySelectorAll("[aria-busy=true]")) {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}

/** Mark the form as sent at once, and tidy up after every other listener has had its say. */
function hold(form, state, event) {
  const {submitter} = event;
  const byHtmx = form.matches("[hx-post], [data-hx-post]");
  state.sent = true;
  leaving = !byHtmx;
  state.stop = waiting(form.querySelector(".buttons") ?? submitter ?? form, say("guard.waiting"));
  submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => {
    if (event.defaultPrevented && !byHtmx) {
      leaving = false;
      release(form, state);
    } else if (state.sent && submitter) {
      // Only now: the browser has read the form, and a disabled button's value is not sent.
      submitter.disabled = true;
    }
  });
}

/** Guard one form. A form that only chooses (data-choosing) is never asked about on leaving. */
export function attach(form) {
  const state = {sent: false, start: content(form)};
  const note = () => changed[content(form) === state.start ? "delete" : "add"](form);
  if (!form.hasAttribute("data-choosing")) {
    form.addEventListener("input", note);
    form.addEventListener("change", note);
    // A form that comes back with errors holds what was typed and not what was stored.
    if (form.querySelector("[aria-invalid=true]")) changed.add(form);
  }
  form.addEventListener("gongshu:saved", () => {
    state.start = content(form);
    changed.delete(form);
  });
  form.addEventListener("submit", (event) => {
    if (state.sent) event.preventDefault();
    else hold(form, state, event);
  });
  form.addEventListener("htmx:afterRequest", () => release(form, state));
  window.addEventListener("pageshow", () => {
    leaving = false;
    release(form, state);
  });
}

window.addEventListener("beforeunload", (event) => {
  const open = [...changed].some((form) => form.isConnected);
  if (open && !leaving) event.preventDefault();
});
