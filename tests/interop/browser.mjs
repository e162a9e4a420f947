// node browser.mjs CHROMIUM FOLDER: a real browser, driven by lines (lines.mjs). Its profile lives in FOLDER.
import {chromium} from "playwright-core";

import {serve} from "./lines.mjs";

const [executablePath, folder] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
              "--disable-component-update", "--disable-sync"];
const browser = await chromium.launchPersistentContext(folder, {executablePath, headless: true, args, viewport: {width: 1280, height: 900}});
const page = browser.pages()[0] ?? (await browser.newPage());
page.setDefaultTimeout(20000);
page.on("dialog", (dialog) => dialog.accept());

await serve({
  open: ({url}) => page.goto(url).then(() => null),
  text: () => page.locator("body").innerText(),
  html: () => page.content(),
  see: ({text, within}) => page.locator(within ?? "body").getByText(text).first().waitFor().then(() => null),
  count: ({selector}) => page.locator(selector).count(),
  wait_for: ({selector}) => page.locator(selector).first().waitFor().then(() => null),
  click: ({selector}) => page.locator(selector).first().click(),
  shot: ({path}) => page.screenshot({path}).then(() => null),
}, () => browser.close());
