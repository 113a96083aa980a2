// Uploads in chunks that go on where they stopped.
//
// <div class="drop" data-upload="/uploads/" data-kind="case" data-target="ID" data-document="…">
//   <label for="file">…</label><input type="file" id="file"><input type="hidden" name="attachment">
// </div>
//
// In a form, choosing a file sends it at once and what it became goes into the hidden field. On a
// form of its own (<form data-upload>) the form's button sends it; then the page goes where the
// answer's "location" or data-then leads, in which UPLOADED stands for the id of what it became.
//
// Announces the file (POST {kind, target_id, document, name, size, digest}), sends slices of it
// (PATCH /ID with Upload-Offset), asks where the node is after a break (GET /ID), finishes (POST
// /ID/finish). The same file chosen again after a reload goes on too: the browser keeps the
// upload's id under a number made from name, size and date of the file, and nothing else. The file
// is never read as a whole; only of a small one a digest is sent along.
import {showSignedOut} from "./request.js";
import {Sending} from "./sending.js";
import {figure, say, teach} from "./words.js";

teach({
  "upload.begin": ["正在准备上传。", "Preparing."],
  "upload.going": ["正在上传。", "Uploading."],
  "upload.paused": ["已暂停，已传的部分不会丢失。", "Paused; what has arrived is kept."],
  "upload.broken": ["连接中断，恢复后自动继续，已传的部分不会丢失。", "The line broke. It goes on by itself; what has arrived is kept."],
  "upload.done": ["已上传完毕。", "Uploaded."],
  "upload.resumed": ["接着上次的进度继续。", "Going on from where it stopped."],
  "upload.cancelled": ["已取消上传，可以重新选择文件。", "Cancelled. You can choose a file again."],
  "upload.refused": ["没有上传成功，请重新选择文件再试。", "It was not uploaded. Choose the file again."],
  "upload.empty": ["这个文件是空的，请检查后重新选择。", "This file is empty. Check it and choose again."],
  "upload.one": ["一次上传一个文件，请只选一个。", "One file at a time, please."],
  "upload.pause": ["暂停", "Pause"],
  "upload.go": ["继续", "Go on"],
  "upload.cancel": ["取消上传", "Cancel"],
  "upload.progress": ["上传进度", "Progress"],
  "upload.rate": ["{percent}% · {rate}/秒 · 剩余约 {left}", "{percent}% · {rate}/s · about {left} left"],
  "upload.percent": ["{percent}%", "{percent}%"],
  "upload.seconds": ["{n} 秒", "{n} s"],
  "upload.minutes": ["{n} 分钟", "{n} min"],
  "upload.hours": ["{n} 小时", "{n} h"],
});

const MEGABYTE = 1024 ** 2;

function size(bytes) {
  if (bytes >= 1024 * MEGABYTE) return `${figure(bytes / 1024 / MEGABYTE)} GB`;
  return bytes >= MEGABYTE ? `${figure(bytes / MEGABYTE)} MB` : `${figure(bytes / 1024)} KB`;
}

function time(seconds) {
  if (seconds < 90) return say("upload.seconds", {n: Math.ceil(seconds)});
  if (seconds < 5400) return say("upload.minutes", {n: Math.round(seconds / 60)});
  return say("upload.hours", {n: figure(seconds / 3600)});
}

function button(key, click) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-small";
  made.textContent = say(key);
  made.addEventListener("click", click);
  return made;
}

/** The card under the drop zone: name, progress, speed, what is left, and the three buttons. */
class Card {
  constructor(host, file, actions) {
    this.root = document.createElement("div");
    this.root.className = "upload";
    const name = document.createElement("p");
    name.className = "upload-name";
    name.textContent = `${file.name} · ${size(file.size)}`;
    this.bar = document.createElement("progress");
    this.bar.max = file.size;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", say("upload.progress"));
    this.rate = document.createElement("p");
    this.rate.className = "soft";
    this.state = document.createElement("p");
    this.state.setAttribute("role", "status");
    this.buttons = document.createElement("div");
    this.buttons.className = "buttons";
    this.pause = button("upload.pause", actions.pause);
    this.go = button("upload.go", actions.go);
    this.buttons.append(this.pause, this.go, button("upload.cancel", actions.cancel));
    this.root.append(name, this.bar, this.rate, this.state, this.buttons);
    host.querySelector(":scope > .upload")?.remove();
    host.append(this.root);
  }

  progress({sent, whole, rate}) {
    this.bar.value = sent;
    const percent = Math.floor((100 * sent) / whole);
    const left = rate > 0 ? time((whole - sent) / rate) : "";
    this.rate.textContent = left && sent < whole ? say("upload.rate", {percent, rate: size(rate), left}) : say("upload.percent", {percent});
  }

  say(sentence, {going = false, over = false, bad = false} = {}) {
    this.state.textContent = sentence;
    this.state.className = bad ? "error" : "";
    this.pause.hidden = !going;
    this.go.hidden = going;
    this.buttons.hidden = over;
  }
}

function refuse(host, sentence) {
  const line = host.querySelector(":scope > .error") ?? document.createElement("p");
  line.className = "error";
  line.setAttribute("role", "alert");
  line.textContent = sentence;
  host.append(line);
}

function ended(host, input, id, answer) {
  const field = host.querySelector("input[type=hidden]:not([name=csrfmiddlewaretoken])");
  if (field && !host.matches("form")) field.value = answer.id ?? id;
  // The bytes are there already; the form need not send them again.
  input.value = "";
  input.required = false;
  host.dispatchEvent(new CustomEvent("gongshu:uploaded", {bubbles: true, detail: {id, ...answer}}));
  const then = answer.location ?? host.dataset.then?.replace("UPLOADED", encodeURIComponent(answer.id ?? id));
  if (!then) return;
  // Nothing is left unsaved: the form guard need not ask.
  host.closest("form")?.dispatchEvent(new CustomEvent("gongshu:saved"));
  location.assign(then);
}

function begin(host, input, file) {
  const {upload, kind = "resource", target = "", document: paper = ""} = host.dataset;
  const about = {kind, target_id: target, ...(paper && {document: paper}), name: file.name, size: file.size};
  const sending = new Sending(upload || "/uploads/", file, about);
  const card = new Card(host, file, {
    pause: () => sending.pause(),
    go: () => sending.go(),
    cancel: () => sending.cancel(),
  });
  const states = {
    begin: () => card.say(say("upload.begin"), {going: true}),
    going: ({resumed}) => card.say(say(resumed ? "upload.resumed" : "upload.going"), {going: true}),
    paused: () => card.say(say("upload.paused")),
    broken: () => card.say(say("upload.broken")),
    cancelled: () => card.say(say("upload.cancelled"), {over: true}),
    refused: ({sentence}) => card.say(sentence || say("upload.refused"), {over: true, bad: true}),
    signedOut: () => {
      showSignedOut();
      card.say(say("upload.paused"));
    },
    done: ({id, answer}) => {
      card.say(say("upload.done"), {over: true});
      ended(host, input, id, answer);
    },
  };
  sending.onstate = (state, detail = {}) => states[state](detail);
  sending.onprogress = (progress) => card.progress(progress);
  addEventListener("beforeunload", (event) => sending.active && event.preventDefault());
  sending.go();
  return sending;
}

/** Let the zone take one file at a time, chosen or dropped. */
export function attach(host) {
  const input = host.querySelector("input[type=file]");
  let running = null;
  const take = (files) => {
    host.querySelector(":scope > .error")?.remove();
    if (files.length > 1) return refuse(host, say("upload.one"));
    if (!files.length) return undefined;
    if (!files[0].size) return refuse(host, say("upload.empty"));
    running?.pause();
    running = begin(host, input, files[0]);
    return undefined;
  };
  const alone = host.matches("form");
  if (alone) {
    host.addEventListener("submit", (event) => {
      event.preventDefault();
      take(input.files);
    });
  } else {
    input.addEventListener("change", () => take(input.files));
  }
  for (const event of ["dragenter", "dragover"]) {
    host.addEventListener(event, (dragged) => {
      dragged.preventDefault();
      host.classList.add("over");
    });
  }
  for (const event of ["dragleave", "drop"]) host.addEventListener(event, () => host.classList.remove("over"));
  host.addEventListener("drop", (dropped) => {
    dropped.preventDefault();
    if (alone) input.files = dropped.dataTransfer.files;
    else take(dropped.dataTransfer.files);
  });
}
