// Builds the vendored files of the portal: node build.js OUTPUT_FOLDER (scripts/vendor runs it).
import {createHash} from "node:crypto";
import {existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {build, transform} from "esbuild";
import * as sass from "sass";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUTPUT = process.argv[2];
// The oldest browser that Tabler's colours (oklch, color-mix) work in.
const TARGET = "chrome111";
const LICENCE_FILES = ["LICENSE", "LICENSE.txt", "NOTICE", "licenses/LICENSE-d3"];

const folderOf = (name) => join(HERE, "node_modules", name);
const aboutOf = (name) => JSON.parse(readFileSync(join(folderOf(name), "package.json"), "utf8"));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// Tabler publishes its licence on its site and in each file's head, not as a file in the package.
const TEXTS = {"@tabler/core": [readFileSync(join(HERE, "LICENSE-tabler"), "utf8")]};

function licenceTexts(name) {
  const found = LICENCE_FILES.map((file) => join(folderOf(name), file)).filter(existsSync);
  const texts = TEXTS[name] ?? found.map((path) => readFileSync(path, "utf8"));
  if (texts.length === 0) throw new Error(`${name} comes without a licence text`);
  return texts.map((text) => text.trim()).join("\n\n");
}

function packageOf(input) {
  const parts = input.split("node_modules/").at(-1).split("/");
  return parts[0].startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

// CodeMirror's SQL knows names of ASCII letters only. PostgreSQL and DuckDB take every letter, and
// our tables have Chinese names; full-width punctuation stays a fault that the reader sees.
const ASCII_ONLY = /function isAlpha\(ch\) \{\n\s+return (.+);\n\}/;
const ANY_LETTER = `function isAlpha(ch) {
  return $1 || ch >= 0xc0 && !(ch >= 0x2000 && ch <= 0x206f || ch >= 0x3000 && ch <= 0x303f ||
    ch >= 0xff00 && ch <= 0xff0f || ch >= 0xff1a && ch <= 0xff20 ||
    ch >= 0xff3b && ch <= 0xff40 || ch >= 0xff5b && ch <= 0xff65);
}`;
const chineseNames = {
  name: "chinese-names",
  setup({onLoad}) {
    onLoad({filter: /lang-sql[\\/]dist[\\/]index\.js$/}, ({path}) => {
      const text = readFileSync(path, "utf8");
      if (!ASCII_ONLY.test(text)) throw new Error("lang-sql has changed: look at isAlpha again");
      return {contents: text.replace(ASCII_ONLY, ANY_LETTER), loader: "js"};
    });
  },
};

/** Bundle one entry into one minified ES module; return its text and the packages inside. */
async function bundle(entry) {
  const result = await build({
    entryPoints: [join(HERE, entry)],
    absWorkingDir: HERE,
    bundle: true,
    define: {"process.env.NODE_ENV": '"production"'},
    format: "esm",
    legalComments: "none",
    metafile: true,
    minify: true,
    plugins: [chineseNames],
    target: TARGET,
    write: false,
  });
  const inputs = Object.keys(result.metafile.inputs).filter((i) => i.includes("node_modules/"));
  return {text: result.outputFiles[0].text, packages: [...new Set(inputs.map(packageOf))].sort()};
}

/** Keep the light half of every light-dark(): the pages are white, and older browsers lack it. */
function lightOnly(css) {
  let text = css;
  for (let at = text.indexOf("light-dark("); at >= 0; at = text.indexOf("light-dark(", at)) {
    let depth = 0;
    let comma = -1;
    let end = at + "light-dark".length;
    for (; end < text.length; end += 1) {
      if (text[end] === "(") depth += 1;
      else if (text[end] === ")" && (depth -= 1) === 0) break;
      else if (text[end] === "," && depth === 1 && comma < 0) comma = end;
    }
    const light = text.slice(at + "light-dark(".length, comma);
    text = text.slice(0, at) + light.trim() + text.slice(end + 1);
  }
  return text;
}

/** Give Tabler's custom properties the prefix of its own release, as its build step does. */
const prefixed = (css) => css.replace(/(?<![\w-])--(?=[a-zA-Z])/g, "--tblr-");

async function tablerCss() {
  const compiled = sass.compile(join(HERE, "tabler.scss"), {loadPaths: [join(HERE, "node_modules")]});
  const css = prefixed(lightOnly(compiled.css));
  return (await transform(css, {legalComments: "none", loader: "css", minify: true, target: TARGET})).code;
}

async function products() {
  const editor = await bundle("codemirror.js");
  const charts = await bundle("echarts.js");
  const htmx = readFileSync(join(folderOf("htmx.org"), "dist/htmx.min.js"), "utf8");
  return [
    {name: "codemirror", leader: "@codemirror/view", file: "codemirror.js", ...editor},
    {name: "echarts", leader: "echarts", file: "echarts.js", ...charts},
    {name: "htmx", leader: "htmx.org", file: "htmx.js", text: htmx, packages: ["htmx.org"]},
    {name: "tabler", leader: "@tabler/core", file: "tabler.css", text: await tablerCss(), packages: ["@tabler/core"]},
  ];
}

/** Write one product with its licences; return its entry in the manifest. */
function write({name, leader, file, text, packages}) {
  const version = aboutOf(leader).version;
  const folder = join(OUTPUT, `${name}-${version}`);
  mkdirSync(folder, {recursive: true});
  const contains = packages.map((id) => {
    const about = aboutOf(id);
    return {name: id, version: about.version, licence: about.license};
  });
  const licence = contains.map((c) => `${c.name} ${c.version} (${c.licence})\n\n${licenceTexts(c.name)}\n`);
  const files = {[file]: text, "LICENSE.txt": licence.join(`\n${"-".repeat(72)}\n\n`)};
  for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content);
  const sums = Object.entries(files).map(([path, content]) => [path, sha256(content)]);
  return {name, version, contains, files: Object.fromEntries(sums)};
}

const made = await products();
mkdirSync(OUTPUT, {recursive: true});
for (const old of readdirSync(OUTPUT)) rmSync(join(OUTPUT, old), {recursive: true});
const manifest = made.map(write);
writeFileSync(join(OUTPUT, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
