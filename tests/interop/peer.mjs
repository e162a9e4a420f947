// node peer.mjs PORT [PREFIX]: npm's BullMQ as a producer, worker and listener, driven by lines (lines.mjs).
// tests/interop/jobs_peer.cpp takes the same commands; `listen`, `wait`, `workers` and `obliterate` are Node's alone.
import {Queue, QueueEvents, UnrecoverableError, Worker} from "bullmq";

import {say, serve} from "./lines.mjs";

const connection = {host: "127.0.0.1", port: Number(process.argv[2])};
const prefix = process.argv[3] ?? "bull";
const opened = {queues: {}, listeners: {}};
const workers = new Map();

// Queue or QueueEvents, opened when first asked for and closed by `forget`.
const queue = (name) => (opened.queues[name] ??= new Queue(name, {connection, prefix}));

// From the first event on: what happens before its first question would be lost else.
async function listener(name) {
  opened.listeners[name] ??= new QueueEvents(name, {connection, prefix, lastEventId: "0"});
  await opened.listeners[name].waitUntilReady();
  return opened.listeners[name];
}

async function job(command) {
  const found = await queue(command.queue).getJob(command.job);
  if (!found) throw new Error(`no job ${command.job}`);
  return found;
}

// What a job's data asks of whoever works on it.
async function process_job(job) {
  const asked = job.data ?? {};
  say({news: "ran", queue: job.queueName, job: job.id, attempt: job.attemptsMade + 1, name: job.name, at: Date.now()});
  for (const progress of asked.progress ?? []) await job.updateProgress(progress);
  for (const line of asked.log ?? []) await job.log(line);
  if (asked.take_ms) await new Promise((resolve) => setTimeout(resolve, asked.take_ms));
  if (asked.unrecoverable) throw new UnrecoverableError(asked.unrecoverable);
  if (job.attemptsMade < (asked.fail ?? 0)) throw new Error(`failure ${job.attemptsMade + 1}`);
  return asked.returns;
}

function told(job, state) {
  const {id, name, data, progress, returnvalue, failedReason, attemptsMade, attemptsStarted, stalledCounter, delay, priority,
         timestamp, processedOn, finishedOn, stacktrace, opts} = job;
  return {id, name, data, state, progress, returnvalue, failedReason, attemptsMade, attemptsStarted, stalledCounter, delay,
          priority, timestamp, processedOn, finishedOn, stacktrace: stacktrace?.length ?? 0, options: opts,
          ...(opts.telemetry && {telemetry: opts.telemetry.metadata})};
}

const commands = {
  add: async ({queue: to, name, data, options}) => (await queue(to).add(name, data, options)).id,
  add_bulk: async ({queue: to, jobs}) =>
    (await queue(to).addBulk(jobs.map(({name, data, options}) => ({name, data, opts: options})))).map(({id}) => id),
  get: async (command) => {
    const found = await queue(command.queue).getJob(command.job);
    return found && told(found, await found.getState());
  },
  counts: ({queue: of}) => queue(of).getJobCounts(),
  logs: async ({queue: of, job}) => (await queue(of).getJobLogs(job)).logs,
  retry: async (command) => (await job(command)).retry(command.state ?? "failed"),
  promote: async (command) => (await job(command)).promote(),
  remove: async (command) => (await job(command)).remove(),
  clean: ({queue: of, grace_ms, limit, state}) => queue(of).clean(grace_ms ?? 0, limit ?? 0, state),
  pause: ({queue: it}) => queue(it).pause(),
  resume: ({queue: it}) => queue(it).resume(),
  drain: ({queue: it}) => queue(it).drain(),
  set_concurrency: ({queue: of, most}) => queue(of).setGlobalConcurrency(most),
  work: async ({queue: on, options}) => {
    const worker = new Worker(on, process_job, {connection, prefix, ...options});
    worker.on("error", (error) => console.error("worker:", error.message));
    workers.set(on, worker);
    await worker.waitUntilReady();
  },
  stop: async ({queue: on}) => {
    await workers.get(on).close();
    workers.delete(on);
  },
  listen: async ({queue: to}) => {
    const events = await listener(to);
    for (const event of ["added", "waiting", "active", "delayed", "progress", "completed", "failed", "stalled", "removed",
                         "cleaned", "drained", "duplicated", "deduplicated", "retries-exhausted", "paused", "resumed"])
      events.on(event, (it, at) => say({news: "event", queue: to, event, ...(at ? it : {}), at: at ?? it}));  // drained has no fields
    events.on("error", (error) => say({news: "listener failed", queue: to, why: error.message}));
  },
  // {"returned": …} or {"failed": "why"}
  wait: async (command) => {
    const events = await listener(command.queue), found = await job(command);
    try {
      return {returned: (await found.waitUntilFinished(events, command.limit_ms ?? 20000)) ?? null};
    } catch (error) {
      return {failed: error.message};
    }
  },
  workers: async ({queue: of}) => (await queue(of).getWorkers()).map(({name, rawname}) => ({name, rawname})),
  forget: async ({queue: name}) => {
    await workers.get(name)?.close();
    workers.delete(name);
    for (const kind of Object.values(opened)) {
      await kind[name]?.close();
      delete kind[name];
    }
  },
  obliterate: ({queue: it}) => queue(it).obliterate({force: true}),
};

await serve(commands, async () => {
  const all = [...workers.values(), ...Object.values(opened.queues), ...Object.values(opened.listeners)];
  await Promise.all(all.map((each) => each.close()));
});
