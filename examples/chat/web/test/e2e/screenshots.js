// Takes the pictures of the page: `npm run screenshots -- FOLDER`.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Browser, end, KEYS } from "./browser.js";
import { inState, say, shows } from "./fixture.js";
import { startNode } from "./server.js";

const folder = process.argv[2];
const node = await startNode();
const browser = await Browser.start();

async function enter(name) {
  const page = await browser.open(`http://127.0.0.1:${node.port}/`);
  await page.size(1000, 640);
  await page.type("#name", name + KEYS.Enter);
  await inState(page, "open");
  return page;
}

try {
  const ann = await enter("Ann");
  const bob = await enter("Bob");
  const cleo = await enter("Cleo");
  await say(cleo, "Has anybody tried to pull the plug?");
  await shows(cleo, ["Has anybody tried to pull the plug?"]);
  await say(bob, "Node 1 is gone since 10:02, and nobody noticed.");
  await bob.until("document.querySelectorAll('.message[data-status=stored]').length === 2");
  await writeFile(join(folder, "node-1.log"), "x".repeat(48_213));
  await bob.type("#file", join(folder, "node-1.log"));
  await bob.until("document.querySelectorAll('.message[data-status=stored]').length === 3");
  await say(ann, "Nothing was lost, nothing came twice");
  await ann.until("document.querySelectorAll('.message[data-status=stored]').length === 4");
  for (const page of [ann, bob]) {
    await page.type("#join-name", `deployments${KEYS.Enter}`);
    await page.until("document.querySelectorAll('#rooms li').length === 2");
  }
  await ann.click("#rooms li:first-child button");
  await say(bob, "1.4 is out");
  await ann.until("document.querySelector('.unread')");
  await cleo.type("#text", "Let us");
  await ann.until("document.getElementById('typing').textContent !== ''");
  await ann.screenshot(join(folder, "light.png"));
  await ann.dark(true);
  await ann.screenshot(join(folder, "dark.png"));
  await ann.size(320, 568);
  await ann.value("document.getElementById('members-box').open = false");
  await ann.screenshot(join(folder, "narrow.png"));
  await ann.size(1000, 640);
  const compare = await browser.open(`http://127.0.0.1:${node.port}/compare`);
  await compare.size(1000, 640);
  await compare.click("#start");
  await compare.until("document.getElementById('state').textContent === 'Done'");
  await compare.screenshot(join(folder, "compare.png"));
  const door = await browser.open(`http://127.0.0.1:${node.port}/`);
  await door.size(1000, 640);
  await door.screenshot(join(folder, "door.png"));
  await end(node.child, "SIGKILL");
  await inState(ann, "recovering");
  await ann.value("document.getElementById('members-box').open = true");
  await say(ann, "And now?");
  await ann.screenshot(join(folder, "recovering.png"));
} finally {
  await browser.close();
  await end(node.child, "SIGKILL");
}
