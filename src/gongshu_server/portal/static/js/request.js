// One way to talk to the node from a page: same origin, with the CSRF token, never a redirect
// to a sign-in page taken for an answer (doing.py answers 401 to what comes in the background).
import {say} from "./words.js";

/** Return the page's CSRF token; every page carries at least one form that has it. */
export const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";

/** The session ended: `fetch` got 401, or was sent on to the sign-in page. */
export class SignedOut extends Error {}

/** Send a request; return the response. Throws SignedOut, or TypeError when the node is away. */
export async function send(address, {headers = {}, ...options} = {}) {
  const response = await fetch(address, {
    credentials: "same-origin",
    headers: {"X-CSRFToken": token(), "Gongshu-Background": "1", ...headers},
    redirect: "follow",
    ...options,
  });
  if (response.status === 401 || (response.redirected && /\/sign-in\//.test(response.url))) {
    throw new SignedOut(say("autosave.expired"));
  }
  return response;
}

/** Show once, above the page, that the session ended, with a way back that loses nothing. */
export function showSignedOut() {
  if (document.querySelector("[data-signed-out]")) return;
  const banner = document.createElement("div");
  banner.className = "banner";
  banner.dataset.signedOut = "";
  banner.setAttribute("role", "alert");
  const link = document.createElement("a");
  link.href = document.documentElement.dataset.signIn ?? "/sign-in/";
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = say("sign.in");
  banner.append(say("autosave.expired"), " ", link);
  document.body.prepend(banner);
}

export function hideSignedOut() {
  document.querySelector("[data-signed-out]")?.remove();
}

/** After a second of waiting, say so in words after the element; return what ends it. */
export function waiting(element, sentence, after = 1000) {
  const line = document.createElement("p");
  line.className = "working";
  line.setAttribute("role", "status");
  const timer = setTimeout(() => {
    element.after(line);
    line.textContent = sentence;
  }, after);
  return () => {
    clearTimeout(timer);
    line.remove();
  };
}
