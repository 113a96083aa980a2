// Passkeys for the forms of sign-in (django-allauth's MFA): <form data-passkey="add|sign-in|confirm"
// data-options="#id"> with a field named "credential". Submitting the form asks the authenticator,
// puts its answer into the field and sends the form. The options come from a JSON element of the
// page, or, signing in, from the form's own address.
import {say, teach} from "./words.js";

teach({
  "passkey.failed": ["没有完成：已取消、超时，或者这个密钥没有登记在这里。可以再试一次，或用密码登录。", "Not completed: cancelled, timed out, or this key is not known here. Try again, or use your password."],
});

const BINARY = new Set(["challenge", "id", "rawId", "attestationObject", "clientDataJSON", "authenticatorData", "signature", "userHandle"]);

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Return options with the parts decoded that the browser wants as bytes (WebAuthn §5.4, §5.5). */
function decoded(value, key = "") {
  if (typeof value === "string") return BINARY.has(key) ? bytes(value) : value;
  if (Array.isArray(value)) return value.map((one) => decoded(one));
  if (value === null || typeof value !== "object") return value;
  // The relying party's id is a name, not bytes.
  const names = key === "rp" ? (one) => one : (one, name) => decoded(one, name);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, names(one, name)]));
}

/** Return the authenticator's answer as the JSON that the server reads. */
function answered(credential) {
  const {response} = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const present = parts.filter((name) => response[name]);
  const said = Object.fromEntries(present.map((name) => [name, text(response[name])]));
  if (response.getTransports) said.transports = response.getTransports();
  return {
    type: credential.type, id: credential.id, rawId: text(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment, response: said,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function options(form) {
  if (form.dataset.options) return JSON.parse(document.querySelector(form.dataset.options).textContent);
  const response = await fetch(form.action, {headers: {Accept: "application/json"}});
  if (!response.ok) throw new TypeError(String(response.status));
  return response.json();
}

/** A key for signing in without a password must live on the authenticator and ask who it is. */
function passwordless(publicKey, wanted) {
  const selection = {...publicKey.authenticatorSelection, residentKey: wanted ? "required" : "discouraged", requireResidentKey: wanted};
  if (wanted) selection.userVerification = "required";
  return {...publicKey, authenticatorSelection: selection};
}

async function credential(form) {
  const given = await options(form);
  if (form.dataset.passkey !== "add") {
    return navigator.credentials.get({publicKey: decoded(given.request_options.publicKey)});
  }
  const choice = form.elements.namedItem("passwordless");
  const publicKey = decoded(given.creation_options.publicKey);
  return navigator.credentials.create({publicKey: choice ? passwordless(publicKey, choice.checked) : publicKey});
}

function tell(form, sentence) {
  const line = form.querySelector("[data-said]") ?? document.createElement("p");
  line.className = "error";
  line.dataset.said = "";
  line.setAttribute("role", "alert");
  line.textContent = sentence;
  form.append(line);
}

export function attach(form) {
  const field = form.elements.namedItem("credential");
  // Where the browser knows no passkeys the form stays hidden, as it came.
  if (!window.PublicKeyCredential) return;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (field.value) return;
    event.preventDefault();
    try {
      field.value = JSON.stringify(answered(await credential(form)));
      form.requestSubmit(event.submitter);
    } catch {
      tell(form, say("passkey.failed"));
    }
  });
}
