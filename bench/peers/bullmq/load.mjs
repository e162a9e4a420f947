// node load.mjs PORT: adds and processes jobs as fast as npm's BullMQ does, driven by lines of JSON on stdin; bench/jobs/load.cpp
// is the same on ours. → {"do": "add", "queue": …, "count": …, "in_flight": …}   ← {"seconds": …}
import readline from "node:readline";
import {Queue, Worker} from "bullmq";

const connection = {host: "127.0.0.1", port: Number(process.argv[2])};
const payload = (n) => ({to: "someone@example.com", subject: "Your booking", n});
const now = () => Number(process.hrtime.bigint()) / 1e9;

async function timed(name, work) {
  const queue = new Queue(name, {connection});
  await queue.waitUntilReady();
  const began = now();
  await work(queue);
  const seconds = now() - began;
  await queue.close();
  return seconds;
}

const commands = {
  // Each of `in_flight` loops awaits its add before the next.
  add: ({queue: name, count, in_flight}) =>
    timed(name, (queue) => {
      let next = 0;
      const loop = async () => {
        while (next < count) await queue.add("email", payload(next++));
      };
      return Promise.all(Array.from({length: in_flight}, loop));
    }),
  add_bulk: ({queue: name, count, chunk}) =>
    timed(name, async (queue) => {
      for (let next = 0; next < count; next += chunk)
        await queue.addBulk(Array.from({length: chunk}, (_, i) => ({name: "email", data: payload(next + i)})));
    }),
  // From when a connected worker begins until the last job's end was written.
  process: async ({queue: name, count, concurrency}) => {
    const worker = new Worker(name, async () => {}, {connection, concurrency, autorun: false});
    await worker.waitUntilReady();
    let done = 0;
    const all = new Promise((resolve, reject) => {
      worker.on("completed", () => ++done === count && resolve());
      worker.on("failed", (_, error) => reject(error));
      worker.on("error", reject);
    });
    const began = now();
    const running = worker.run();
    await all;
    const seconds = now() - began;
    await worker.close();
    await running;
    return seconds;
  },
};

for await (const line of readline.createInterface({input: process.stdin})) {
  const command = JSON.parse(line);
  console.log(JSON.stringify({seconds: await commands[command.do](command)}));
}
process.exit(0);
