// One file on its way to the node, chunk by chunk. The node's offset is the truth: after every
// break it is asked for, and sending goes on from there.
import {SignedOut, send, token} from "./request.js";

const CHUNK = 8 * 1024 ** 2;
const DIGESTED = 32 * 1024 ** 2;
const [FIRST_PAUSE, LONGEST_PAUSE] = [1000, 30000];

/** The node refuses for good, with its own sentence. */
class Refused extends Error {}
/** The upload is not there any more: it is begun anew. */
class Gone extends Error {}
/** Somebody paused or cancelled. */
class Stopped extends Error {}

/** Return a number for the file that tells nothing of its name (cyrb53). */
function mark(file, about) {
  const text = `${file.name}\n${file.size}\n${file.lastModified}\n${about.kind}\n${about.target_id}`;
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let n = 0; n < text.length; n += 1) {
    a = Math.imul(a ^ text.charCodeAt(n), 2654435761);
    b = Math.imul(b ^ text.charCodeAt(n), 1597334677);
  }
  return `gongshu-upload-${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
}

const kept = {
  get: (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Storage is switched off: a reload begins anew.
    }
  },
  set: (key, value) => {
    try {
      if (value) localStorage.setItem(key, value);
      else localStorage.removeItem(key);
    } catch {
      // As above.
    }
  },
};

async function digest(file) {
  if (file.size > DIGESTED || !crypto.subtle) return "";
  const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Sending {
  onstate = () => {};
  onprogress = () => {};

  constructor(address, file, about) {
    // Addresses below one that ends with a stroke end with one, too.
    const end = address.endsWith("/") ? "/" : "";
    this.below = (...parts) => [address.replace(/\/$/, ""), ...parts].join("/") + end;
    Object.assign(this, {address, file, about, key: mark(file, about), active: false, pauseFor: FIRST_PAUSE});
  }

  /** Begin or go on; returns when the file has arrived, is paused, or is refused. */
  async go() {
    if (this.active) return;
    this.active = true;
    clearTimeout(this.timer);
    if (!this.started) this.onstate("begin");
    try {
      await this.locate();
      while (this.offset < this.file.size) await this.chunk();
      const answer = await this.ask(this.below(this.id, "finish"), {method: "POST"});
      kept.set(this.key, null);
      this.active = false;
      this.onstate("done", {id: this.id, answer});
    } catch (failure) {
      this.active = false;
      this.ended(failure);
    }
  }

  ended(failure) {
    if (failure instanceof Stopped) return;
    if (failure instanceof SignedOut) this.onstate("signedOut");
    else if (failure instanceof Refused) {
      kept.set(this.key, null);
      this.onstate("refused", {sentence: failure.message});
    } else if (failure instanceof Gone) {
      const known = this.id;
      this.id = null;
      kept.set(this.key, null);
      if (known) this.go();
      else this.onstate("refused", {sentence: failure.message});
    } else {
      this.onstate("broken");
      this.timer = setTimeout(() => this.go(), this.pauseFor);
      this.pauseFor = Math.min(this.pauseFor * 2, LONGEST_PAUSE);
      addEventListener("online", () => this.go(), {once: true});
    }
  }

  pause() {
    clearTimeout(this.timer);
    this.stop();
    this.onstate("paused");
  }

  async cancel() {
    clearTimeout(this.timer);
    this.stop();
    kept.set(this.key, null);
    if (this.id) await send(this.below(this.id), {method: "DELETE"}).catch(() => {});
    this.id = null;
    this.onstate("cancelled");
  }

  stop() {
    this.active = false;
    this.running?.abort();
  }

  /** Find the upload of this file, or announce it; know the node's offset and chunk. */
  async locate() {
    this.id ??= kept.get(this.key);
    const resumed = Boolean(this.id);
    const found = this.id
      ? await this.ask(this.below(this.id), {method: "GET"})
      : await this.ask(this.address, {
          method: "POST",
          headers: {"Content-Type": "application/json"},
          body: JSON.stringify({...this.about, digest: await digest(this.file)}),
        });
    this.id = found.id ?? this.id;
    this.offset = found.offset;
    this.size = found.chunk ?? CHUNK;
    kept.set(this.key, this.id);
    this.started = {at: performance.now(), offset: this.offset};
    this.tell(this.offset);
    this.onstate("going", {resumed: resumed && this.offset > 0});
  }

  async chunk() {
    const slice = this.file.slice(this.offset, this.offset + this.size);
    const answer = await this.patch(slice);
    if (!this.active) throw new Stopped();
    this.offset = answer.offset;
    this.pauseFor = FIRST_PAUSE;
    this.tell(this.offset);
  }

  tell(sent) {
    const seconds = (performance.now() - this.started.at) / 1000;
    const rate = seconds > 0.5 ? (sent - this.started.offset) / seconds : 0;
    this.onprogress({sent, whole: this.file.size, rate});
  }

  /** Ask for JSON; what cannot become right by asking again is Refused or Gone. */
  async ask(address, options) {
    const response = await send(address, options);
    if (!this.active) throw new Stopped();
    const answer = await response.json().catch(() => ({}));
    this.judge(response.status, answer);
    return answer;
  }

  judge(status, answer) {
    if (status >= 200 && status < 300) return;
    if (status === 404 || status === 410) throw new Gone(answer.sentence ?? answer.detail ?? "");
    if (status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status)) {
      throw new Refused(answer.sentence ?? answer.detail ?? "");
    }
    throw new TypeError(String(status));
  }

  /** Send one slice; a request of its own kind, because fetch says nothing of its progress. */
  patch(slice) {
    return new Promise((resolve, reject) => {
      const request = (this.running = new XMLHttpRequest());
      request.open("PATCH", this.below(this.id));
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("Upload-Offset", String(this.offset));
      request.setRequestHeader("X-CSRFToken", token());
      request.setRequestHeader("Gongshu-Background", "1");
      request.responseType = "json";
      request.upload.onprogress = (event) => this.tell(this.offset + Math.min(event.loaded, slice.size));
      request.onabort = () => reject(new Stopped());
      request.onerror = () => reject(new TypeError("the line broke"));
      request.onload = () => {
        try {
          const answer = request.response ?? {};
          if (request.status === 401 || /\/sign-in\//.test(request.responseURL)) throw new SignedOut();
          // The node has another offset and says which: going on from there is all there is to do.
          const corrected = request.status === 409 && Number.isInteger(answer.offset);
          if (!corrected) this.judge(request.status, answer);
          resolve(answer);
        } catch (failure) {
          reject(failure);
        }
      };
      request.send(slice);
    });
  }
}
