// What the query editor needs of CodeMirror 6 and no more.
export {Compartment, EditorState, Prec} from "@codemirror/state";
export {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
export {defaultKeymap, history, historyKeymap, indentWithTab} from "@codemirror/commands";
export {
  HighlightStyle,
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
  syntaxTree,
} from "@codemirror/language";
export {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  startCompletion,
} from "@codemirror/autocomplete";
export {forceLinting, lintGutter, lintKeymap, linter, openLintPanel, setDiagnostics} from "@codemirror/lint";
export {highlightSelectionMatches, openSearchPanel, search, searchKeymap} from "@codemirror/search";
export {PostgreSQL, SQLDialect, keywordCompletionSource, sql} from "@codemirror/lang-sql";
export {tags} from "@lezer/highlight";
