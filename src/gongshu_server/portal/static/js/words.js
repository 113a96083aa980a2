// What the scripts say, in Chinese and English; the page's language decides.
const WORDS = {
  "autosave.expired": [
    "登录已过期，请在新窗口登录后继续，已填内容仍在。",
    "Your sign-in has expired. Sign in in a new window and go on here; what you typed is still here.",
  ],
  "autosave.failed": [
    "暂时不能自动保存，稍后会再试；已填内容仍在本页。",
    "Saving does not work at the moment and will be tried again; what you typed is still on this page.",
  ],
  "autosave.saved": ["已自动保存 {time}", "Saved {time}"],
  "copy.do": ["复制", "Copy"],
  "copy.done": ["已复制", "Copied"],
  "copy.select": ["请按 Ctrl+C 复制选中的内容", "Press Ctrl+C to copy the selected text"],
  "guard.waiting": ["正在提交，请稍候，不要重复点击。", "Sending. Please wait; there is no need to click again."],
  "htmx.waiting": ["正在读取，请稍候。", "Loading. Please wait."],
  "htmx.failed": [
    "没有读到内容，请检查网络后重新打开本页。",
    "Nothing could be loaded. Check the network and open this page again.",
  ],
  "sign.in": ["在新窗口登录", "Sign in in a new window"],
  "table.matches": ["{shown} 行，共 {all} 行", "{shown} of {all} rows"],
};

export const english = () => document.documentElement.lang.toLowerCase().startsWith("en");

/** Add the words of a module that is loaded only where it is needed. */
export function teach(words) {
  Object.assign(WORDS, words);
}

/** Return the sentence for the key in the page's language, its {names} filled in as text. */
export function say(key, values = {}) {
  const pair = WORDS[key];
  if (!pair) throw new Error(`no words for ${key}`);
  return pair[english() ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Return a number as people read it: thousands parted, no more than two decimals. */
export const figure = (value) =>
  new Intl.NumberFormat(english() ? "en" : "zh-CN", {maximumFractionDigits: 2}).format(value);
