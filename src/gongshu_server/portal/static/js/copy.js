// Copying: <button data-copy="#id">, or data-copy on the text itself, which then gets a button.
// Works on plain HTTP too, where there is no clipboard API.
import {say} from "./words.js";

function select(element) {
  if (element.select) {
    element.select();
    return;
  }
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.value ?? element.textContent);
    return true;
  } catch {
    select(element);
    return document.execCommand("copy");
  }
}

function beside(text) {
  const box = document.createElement("div");
  box.className = "copyable";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-small";
  button.textContent = say("copy.do");
  text.before(box);
  box.append(button, text);
  return button;
}

export function attach(element) {
  const button = element.dataset.copy ? element : beside(element);
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const text = element.dataset.copy ? document.querySelector(element.dataset.copy) : element;
    button.textContent = say((await copy(text)) ? "copy.done" : "copy.select");
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
  button.setAttribute("aria-live", "polite");
}
