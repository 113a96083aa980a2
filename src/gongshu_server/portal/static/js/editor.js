// <gongshu-editor check="ADDRESS" schema="#id or ADDRESS"><textarea name="sql">…</textarea></…>
//
// A query editor over a text area: the text area keeps the value for the form, so without scripts
// it is the editor. CodeMirror lives in a shadow root, where its styles are adopted style sheets
// and the strict policy is kept. While the author types, the text (with the other fields of its
// form) is posted to `check`; the answer {allowed, findings: [{sentence, clause, where: [line,
// column] | null}], …} is shown at its place and raised as "gongshu:verdict" for a panel beside it
// (verdict.js). Ctrl+Enter checks at once. Tab indents; Escape, then Tab, leaves the editor.
import * as cm from "../vendor/codemirror-6.43.15/codemirror.js";
import {completing} from "./completion.js";
import {SignedOut, send, showSignedOut, waiting} from "./request.js";
import {english, say, teach} from "./words.js";

const QUIET = 300;

teach({
  "editor.hint": [
    "Ctrl+Enter 立即检查；Ctrl+空格 提示可用的表和数据项；先按 Esc 再按 Tab 离开编辑区。",
    "Ctrl+Enter checks at once; Ctrl+Space lists tables and items; Escape, then Tab, leaves the editor.",
  ],
  "editor.label": ["查询语句", "Query"],
  "editor.checking": ["正在检查，请稍候。", "Checking. Please wait."],
  "editor.unchecked": ["没有连上平台，暂时不能检查；恢复后会自动检查。", "The node cannot be reached; the check follows by itself."],
  "editor.allowed": ["检查通过", "The check is passed"],
  "editor.refused": ["有 {count} 处需要修改", "{count} things need to be changed"],
});

const CHINESE = {
  Completions: "可用的名称", Diagnostics: "检查结果", "No diagnostics": "没有问题", close: "关闭",
  Find: "查找", Replace: "替换为", next: "下一个", previous: "上一个", all: "全部", "match case": "区分大小写",
  regexp: "正则表达式", "by word": "整词", replace: "替换", "replace all": "全部替换", "current match": "当前匹配",
  "on line": "在行", "replaced match on line $": "已替换第 $ 行的匹配", "replaced $ matches": "已替换 $ 处",
  "Control character": "控制字符", "Selection deleted": "已删除选中内容", "Go to line": "转到行", go: "转到",
};

const COLOURS = cm.HighlightStyle.define([
  {tag: cm.tags.keyword, color: "#174a88", fontWeight: "600"},
  {tag: [cm.tags.typeName, cm.tags.standard(cm.tags.name)], color: "#0b5a66"},
  {tag: cm.tags.string, color: "#8a3a00"},
  {tag: cm.tags.special(cm.tags.string), color: "#5b2a86"},
  {tag: [cm.tags.number, cm.tags.bool, cm.tags.null], color: "#1b6e3c"},
  {tag: cm.tags.comment, color: "#5a6579"},
]);

const THEME = cm.EditorView.theme({
  "&": {border: "1px solid #7a8599", borderRadius: ".25rem", backgroundColor: "#fff", color: "#1d2433", fontSize: "1rem"},
  "&.cm-focused": {outline: "3px solid #1f5fae", outlineOffset: "1px"},
  ".cm-scroller": {fontFamily: "var(--mono, monospace)", lineHeight: "1.7", minHeight: "14rem", maxHeight: "70vh"},
  ".cm-content": {padding: ".5rem 0", textAutospace: "no-autospace"},
  ".cm-gutters": {backgroundColor: "#f6f8fb", color: "#5a6579", borderRight: "1px solid #d9dee7"},
  ".cm-activeLine": {backgroundColor: "#f6f8fb"},
  ".cm-activeLineGutter": {backgroundColor: "#e6ebf3"},
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {backgroundColor: "#b9d3f2"},
  ".cm-lintRange-error": {backgroundImage: "none", textDecoration: "underline wavy #b3261e", textUnderlineOffset: ".25em"},
  ".cm-lintRange-error.cm-lintRange-active": {backgroundColor: "#fdf1f0"},
  ".cm-diagnostic-error": {borderLeft: "4px solid #b3261e"},
  ".cm-diagnostic": {padding: ".375rem .75rem", fontFamily: "var(--sans, sans-serif)", whiteSpace: "pre-wrap", maxWidth: "36rem"},
  ".cm-tooltip": {border: "1px solid #7a8599", backgroundColor: "#fff"},
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {fontFamily: "var(--sans, sans-serif)", maxHeight: "16rem"},
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {padding: ".25rem .5rem"},
  ".cm-tooltip-autocomplete ul li[aria-selected]": {backgroundColor: "#1f5fae", color: "#fff"},
  ".cm-completionDetail": {fontStyle: "normal", color: "#5a6579"},
  "li[aria-selected] .cm-completionDetail": {color: "#fff"},
  ".cm-completionMatchedText": {textDecoration: "none", fontWeight: "600"},
  ".cm-panels": {backgroundColor: "#f6f8fb", color: "#1d2433", fontFamily: "var(--sans, sans-serif)"},
});

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
  :host { display: block; }
  .under { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; justify-content: space-between; margin: .25rem 0 0; font: .875rem/1.6 var(--sans); color: var(--soft); }
  .under p { margin: 0; }
  .said.allowed { color: var(--good); font-weight: 600; }
  .said.refused { color: var(--bad); font-weight: 600; }
`);

/** Return where a diagnostic begins and ends: the token at the place, or the rest of its line. */
function span(state, [line, column]) {
  const there = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
  const from = Math.min(there.from + Math.max(column - 1, 0), there.to);
  const node = cm.syntaxTree(state).resolveInner(from, 1);
  const inLine = node.from === from && node.to <= there.to && node.to > from;
  return {from, to: inLine ? node.to : Math.min(from + 1, there.to)};
}

function diagnostics(state, findings) {
  return findings
    .filter((finding) => finding.where)
    .map((finding) => ({
      ...span(state, finding.where),
      severity: "error",
      message: finding.clause ? `${finding.sentence}（${finding.clause}）` : finding.sentence,
    }))
    .sort((a, b) => a.from - b.from);
}

/** Type a text over what is selected, as the editor's own rules (closing brackets) would. */
function typeOver(view, text) {
  const {from, to} = view.state.selection.main;
  const insert = () => view.state.update(view.state.replaceSelection(text), {userEvent: "input.type", scrollIntoView: true});
  const taken = view.state.facet(cm.EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert));
  if (!taken) view.dispatch(insert());
}

// Where typing replaces a coloured selection, the browser keeps the colour with a style attribute
// of its own, which the policy forbids and reports. So the selection is replaced here, in the
// document; the browser only ever types at a cursor.
const REPLACING = cm.EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== "insertText" || event.data === null || view.state.readOnly) return false;
    if (event.isComposing || view.state.selection.main.empty) return false;
    event.preventDefault();
    typeOver(view, event.data);
    return true;
  },
  compositionstart(_, view) {
    if (view.state.readOnly || view.state.selection.main.empty) return;
    view.dispatch(view.state.replaceSelection(""), {userEvent: "delete.selection"});
  },
});

class Editor extends HTMLElement {
  connectedCallback() {
    if (this.view) return;
    this.area = this.querySelector("textarea");
    const root = this.attachShadow({mode: "open"});
    root.adoptedStyleSheets = [SHEET];
    const state = cm.EditorState.create({doc: this.area.value, extensions: this.extensions()});
    this.view = new cm.EditorView({state, root, parent: root});
    this.under(root);
    this.area.hidden = true;
    this.label?.addEventListener("click", () => this.view.focus());
    this.area.form?.addEventListener("reset", () => setTimeout(() => this.write(this.area.defaultValue)));
    if (this.area.value.trim()) this.check();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  get label() {
    return this.area.labels?.[0] ?? null;
  }

  extensions() {
    const run = () => {
      this.check();
      return true;
    };
    return [
      cm.Prec.highest(cm.keymap.of([{key: "Mod-Enter", run}])),
      REPLACING, cm.lineNumbers(), cm.highlightActiveLineGutter(), cm.highlightActiveLine(), cm.highlightSpecialChars(),
      cm.history(), cm.drawSelection(), cm.indentOnInput(), cm.indentUnit.of("  "), cm.bracketMatching(),
      cm.closeBrackets(), cm.search({top: true}), cm.highlightSelectionMatches(), cm.lintGutter(),
      cm.autocompletion({override: [completing(() => this.schema())], icons: false}),
      cm.PostgreSQL.extension, cm.syntaxHighlighting(COLOURS), THEME, cm.EditorView.lineWrapping,
      cm.keymap.of([
        ...cm.closeBracketsKeymap, ...cm.completionKeymap, ...cm.searchKeymap, ...cm.historyKeymap,
        ...cm.lintKeymap, ...cm.defaultKeymap, cm.indentWithTab,
      ]),
      cm.EditorState.phrases.of(english() ? {} : CHINESE),
      cm.EditorState.readOnly.of(this.area.readOnly || this.area.disabled),
      cm.EditorView.contentAttributes.of({"aria-label": `${this.label?.textContent.trim() ?? say("editor.label")}。${say("editor.hint")}`}),
      cm.EditorView.updateListener.of((update) => update.docChanged && this.typed()),
    ];
  }

  under(root) {
    const under = document.createElement("div");
    under.className = "under";
    const hint = document.createElement("p");
    hint.textContent = say("editor.hint");
    this.said = document.createElement("p");
    this.said.className = "said";
    this.said.setAttribute("role", "status");
    under.append(hint, this.said);
    root.append(under);
  }

  /** Return the tables and items on offer, read once: from a script element or an address. */
  schema() {
    const from = this.getAttribute("schema");
    const inside = from?.startsWith("#") ? document.querySelector(from) : null;
    this.known ??= inside
      ? Promise.resolve(JSON.parse(inside.textContent))
      : from ? send(from).then((response) => response.json()).catch(() => ({tables: []})) : Promise.resolve({tables: []});
    return this.known;
  }

  /** Replace the whole text, as "take this example" does. */
  write(text) {
    this.view.dispatch({changes: {from: 0, to: this.view.state.doc.length, insert: text}});
  }

  /** Put the cursor at a line and column, as a finding beside the editor does. */
  jump(line, column) {
    const {from} = span(this.view.state, [line, column]);
    this.view.dispatch({selection: {anchor: from}, scrollIntoView: true});
    this.view.focus();
  }

  typed() {
    this.area.value = this.view.state.doc.toString();
    this.area.dispatchEvent(new Event("input", {bubbles: true}));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), Number(this.getAttribute("after") ?? QUIET));
  }

  fields() {
    const form = this.area.form;
    const data = form ? new FormData(form) : new FormData();
    data.set(this.area.name || "sql", this.view.state.doc.toString());
    return data;
  }

  /** Ask for the verdict on the text as it stands; a newer text makes an older answer void. */
  async check() {
    clearTimeout(this.timer);
    this.asking?.abort();
    const address = this.getAttribute("check");
    if (!address || !this.view.state.doc.toString().trim()) {
      this.tell("", "");
      return;
    }
    const asking = (this.asking = new AbortController());
    const stop = waiting(this, say("editor.checking"));
    try {
      const response = await send(address, {method: "POST", body: this.fields(), signal: asking.signal});
      const verdict = await response.json().catch(() => ({}));
      // A refusal to judge at all comes with its sentence, too; a failure comes without.
      if (!response.ok && !verdict.findings) throw new TypeError(String(response.status));
      this.show(verdict);
    } catch (failure) {
      if (failure.name === "AbortError") return;
      if (failure instanceof SignedOut) showSignedOut();
      else this.tell("", say("editor.unchecked"));
      this.timer = setTimeout(() => this.check(), 5000);
    } finally {
      stop();
    }
  }

  show(verdict) {
    const findings = verdict.findings ?? [];
    this.view.dispatch(cm.setDiagnostics(this.view.state, diagnostics(this.view.state, findings)));
    if (verdict.allowed) this.tell("allowed", `✓ ${say("editor.allowed")}`);
    else this.tell("refused", `✕ ${say("editor.refused", {count: findings.length})}`);
    this.last = verdict;
    this.dispatchEvent(new CustomEvent("gongshu:verdict", {bubbles: true, detail: verdict}));
  }

  tell(kind, sentence) {
    this.said.className = `said ${kind}`;
    this.said.textContent = sentence;
  }
}

if (!customElements.get("gongshu-editor")) customElements.define("gongshu-editor", Editor);

/** Resolve once the element is an editor; it attaches itself. */
export async function attach(element) {
  await customElements.whenDefined("gongshu-editor");
  customElements.upgrade(element);
}
