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

// The card of the job with this name. Classes carry a hash of the build behind their names.
const card = (name) => page.locator('[class*="card-"]', {hasText: name}).first();

// Presses the button of a job's card whose tooltip is `label`: the buttons have icons alone.
async function press(name, label) {
  const buttons = card(name).locator('[class*="jobActions"] button');
  await buttons.first().waitFor();
  for (let i = 0; i < (await buttons.count()); i++) {
    await buttons.nth(i).hover();
    const tooltip = page.locator("[data-base-ui-portal]").getByText(/^(Retry|Promote|Clean|Duplicate|Update Data|Reschedule)$/);
    await tooltip.waitFor();
    const told = await tooltip.innerText();
    if (told === label) {
      await buttons.nth(i).click();
      return page.getByRole("button", {name: "Confirm"}).click();
    }
    await page.mouse.move(0, 0);
    await tooltip.waitFor({state: "detached"});
  }
  throw new Error(`no button ${label} on ${name}`);
}

await serve({
  open: ({url}) => page.goto(url).then(() => null),
  text: () => page.locator("body").innerText(),
  // Of a job's card, once it is there.
  card: ({job}) => card(job).innerText(),
  tab: async ({job, name}) => {
    await card(job).getByRole("tab", {name, exact: true}).click();
    await card(job).getByRole("tab", {name, exact: true, selected: true}).waitFor();
    return card(job).getByRole("tabpanel").innerText();
  },
  press: ({job, label}) => press(job, label),
  press_for_all: async ({label}) => {
    await page.getByRole("button", {name: label, exact: true}).click();
    await page.getByRole("button", {name: "Confirm"}).click();
  },
  see: ({text}) => page.getByText(text).first().waitFor().then(() => null),
  gone: ({text}) => page.getByText(text, {exact: true}).first().waitFor({state: "detached"}).then(() => null),
  shot: ({path}) => page.screenshot({path}).then(() => null),
}, () => browser.close());
