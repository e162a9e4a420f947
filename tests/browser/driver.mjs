// node driver.mjs CHROMIUM FOLDER [SCALE]: a real browser, driven by lines (tests/interop/lines.mjs). Its profile lives in
// FOLDER; SCALE is how many pixels its screen has for each of a page's.
// What goes wrong in a page without anybody seeing it (errors, refusals of its Content-Security-Policy) is kept for `faults`.
import {createRequire} from "node:module";
import {chromium} from "playwright-core";

import {serve} from "../interop/lines.mjs";

const [executablePath, folder, scale = "1"] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
              "--disable-component-update", "--disable-sync"];
const browser = await chromium.launchPersistentContext(folder, {executablePath, headless: true, args, viewport: {width: 1440, height: 960}, deviceScaleFactor: Number(scale)});
const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let page = null, faults = [], transferred = [], measured = [];

async function fresh({width = 1440, height = 960, scheme = "light", motion = "no-preference"}) {
  await page?.close();
  page = await browser.newPage();
  page.setDefaultTimeout(20000);
  faults = [];
  transferred = [];
  measured = [];
  page.on("pageerror", (error) => faults.push(error.message));
  // A refused call is said by the browser too, and is for the page to show.
  page.on("console", (message) => message.type() === "error" && !/Failed to load resource/.test(message.text()) && faults.push(message.text()));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("requestfinished", (request) => measured.push((async () => {
    const {responseBodySize, responseHeadersSize} = await request.sizes().catch(() => ({}));
    const reply = await request.response().catch(() => null);
    const body = await reply?.body().catch(() => null);
    transferred.push({url: request.url(), sent: (responseBodySize ?? 0) + (responseHeadersSize ?? 0), plain: body?.length ?? 0});
  })()));
  await page.setViewportSize({width, height});
  await page.emulateMedia({colorScheme: scheme, reducedMotion: motion});
}

const named = ({role, name, exact = false}) => page.getByRole(role, {name, exact}).first();

await serve({
  fresh,
  open: ({url}) => page.goto(url).then(() => null),
  click: (what) => named(what).click(),
  is_checked: async (what) => (await named(what).getAttribute("aria-checked")) === "true",
  choose: ({label}) => page.getByLabel(label, {exact: true}).check({force: true}),
  choose_like: (what) => named(what).check({force: true}),
  type: ({text}) => page.keyboard.type(text),
  fill: ({label, text}) => page.getByLabel(label, {exact: true}).fill(text),
  select: ({label, value}) => page.getByLabel(label, {exact: true}).selectOption(value).then(() => null),
  press: ({key}) => page.keyboard.press(key),
  see: ({text}) => page.getByText(text).first().waitFor().then(() => null),
  gone: ({text}) => page.getByText(text).first().waitFor({state: "hidden"}).then(() => null),
  text: ({selector = "body"}) => page.locator(selector).first().innerText(),
  texts: ({selector}) => page.locator(selector).allInnerTexts(),
  // By ourselves: the page's policy forbids what Playwright's own waiting does with text.
  until: async ({code}) => {
    for (const end = Date.now() + 20000; !(await page.evaluate(code));) {
      if (Date.now() > end) throw new Error(`waited in vain for ${code}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
  run: ({code}) => page.evaluate(code),
  shot: ({path, full = false}) => page.screenshot({path, fullPage: full}).then(() => null),
  faults: () => faults,
  // All that has been loaded by now; measuring takes its time.
  transferred: () => Promise.all(measured).then(() => transferred),
  // axe-core's serious and critical faults. It is handed to the page past its policy, as no page could do.
  axe: async () => {
    const session = await browser.newCDPSession(page);
    const {readFileSync} = await import("node:fs");
    await session.send("Runtime.evaluate", {expression: readFileSync(axePath, "utf8")});
    const {result} = await session.send("Runtime.evaluate", {expression: "axe.run(document).then((found) => JSON.stringify(found.violations.filter((each) => each.impact === 'serious' || each.impact === 'critical').map((each) => ({id: each.id, impact: each.impact, help: each.help, nodes: each.nodes.slice(0, 4).map((node) => node.html.slice(0, 160) + ' :: ' + node.failureSummary)}))))", awaitPromise: true});
    await session.detach();
    return JSON.parse(result.value);
  },
}, () => browser.close());
