// node build.mjs FOLDER OUTPUT: bundles web/source into OUTPUT, a C++ source with each file plain and with gzip. FOLDER has
// the packages. Run by cmake/dashboard.cmake.
import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {gzipSync} from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const [folder, output] = process.argv.slice(2).map((path) => resolve(path));
const esbuild = createRequire(join(folder, "package.json"))("esbuild");

const bundled = await esbuild.build({
  entryPoints: [join(here, "source/app.jsx"), join(here, "source/style.css")],
  bundle: true,
  minify: true,
  write: false,
  outdir: "out",
  format: "esm",
  target: ["chrome110", "firefox115", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  loader: {".svg": "text"},
  nodePaths: [join(folder, "node_modules")],
  logLevel: "warning",
});

const files = [];
const add = (name, type, content) => {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const [stem, extension] = name.split(".");
  const shown = name === "index.html" ? name : `${stem}-${hash}.${extension}`;
  files.push({name: shown, type, content, packed: gzipSync(content, {level: 9}), tag: hash});
  return shown;
};

const text = (ending) => Buffer.from(bundled.outputFiles.find((file) => file.path.endsWith(ending)).contents);
const script = add("app.js", "text/javascript; charset=utf-8", text("app.js"));
const style = add("style.css", "text/css; charset=utf-8", text("style.css"));
const icon = add("icon.svg", "image/svg+xml", readFileSync(join(here, "source/icon.svg")));
const page = readFileSync(join(here, "source/index.html"), "utf8")
  .replace("{{script}}", `/dashboard/${script}`).replace("{{style}}", `/dashboard/${style}`).replace("{{icon}}", `/dashboard/${icon}`);
add("index.html", "text/html; charset=utf-8", Buffer.from(page));

// As numbers: the only form that every compiler takes at any length and with any byte.
const bytes = (content) => Array.from(content).join(",");
const arrays = files.map((file, i) =>
  `constexpr unsigned char plain_${i}[] = {${bytes(file.content)}};\nconstexpr unsigned char gzip_${i}[] = {${bytes(file.packed)}};\n`);
const rows = files.map((file, i) =>
  `    {"${file.name}", "${file.type}", text(plain_${i}), text(gzip_${i}), "${file.tag}"},\n`);
mkdirSync(dirname(output), {recursive: true});
writeFileSync(output, `// Generated from web/: change the files there.
#include "server/ops/page_assets.hpp"

#include <cstddef>

namespace bookings::ops {
namespace {

template <std::size_t Size>
std::string_view text(const unsigned char (&bytes)[Size]) noexcept {
  return {reinterpret_cast<const char*>(bytes), Size};
}

${arrays.join("")}
}  // namespace

std::span<const page_asset> page_assets() noexcept {
  static const page_asset files[] = {
${rows.join("")}  };
  return files;
}

}  // namespace bookings::ops
`);
