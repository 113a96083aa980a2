// Native <dialog> opened by [data-dialog="#id"], and menus that close as people expect.

function opener(element) {
  const dialog = document.querySelector(element.dataset.dialog);
  element.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
}

function menu(details) {
  document.addEventListener("click", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
}

export function attach(element) {
  if (element.dataset.dialog) opener(element);
  else menu(element);
}
