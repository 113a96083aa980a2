// Copy buttons: <button data-copy="#id">. Works on plain HTTP too, where there is no clipboard API.
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

export function attach(button) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const element = document.querySelector(button.dataset.copy);
    button.textContent = say((await copy(element)) ? "copy.done" : "copy.select");
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
  button.setAttribute("aria-live", "polite");
}
