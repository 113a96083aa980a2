// Saves a long form as it is typed: data-autosave holds the address that keeps the draft.
import {SignedOut, hideSignedOut, send, showSignedOut} from "./request.js";
import {english, say} from "./words.js";

const QUIET = 1500;
const [SOONEST, LATEST] = [5000, 60000];

const clock = () =>
  new Date().toLocaleTimeString(english() ? "en-GB" : "zh-CN", {hour: "2-digit", minute: "2-digit", hour12: false});

/** Return the form's fields without files: a file is uploaded on its own. */
function fields(form) {
  const data = new FormData(form);
  for (const [key, value] of [...data]) if (value instanceof File) data.delete(key);
  return data;
}

function line(form) {
  const found = form.querySelector("[data-saved]");
  if (found) return found;
  const made = document.createElement("p");
  made.className = "saved";
  made.dataset.saved = "";
  made.setAttribute("role", "status");
  (form.querySelector(".buttons") ?? form).append(made);
  return made;
}

/** Keep the form's draft; the node may answer {"saved_at": "10:32"} with its own clock. */
export function attach(form) {
  const shown = line(form);
  const quiet = Number(form.dataset.autosaveAfter ?? QUIET);
  let timer = 0;
  let pause = SOONEST;
  let version = 0;

  async function save() {
    const saving = version;
    try {
      const response = await send(form.dataset.autosave, {method: "POST", body: fields(form)});
      if (!response.ok) throw new TypeError(String(response.status));
      const answer = await response.json().catch(() => ({}));
      hideSignedOut();
      pause = SOONEST;
      shown.textContent = say("autosave.saved", {time: answer.saved_at ?? clock()});
      if (saving === version) form.dispatchEvent(new CustomEvent("gongshu:saved"));
    } catch (failure) {
      if (failure instanceof SignedOut) showSignedOut();
      else shown.textContent = say("autosave.failed");
      timer = setTimeout(save, pause);
      pause = Math.min(pause * 2, LATEST);
    }
  }

  form.addEventListener("input", () => {
    version += 1;
    clearTimeout(timer);
    timer = setTimeout(save, quiet);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}
