// The queue's jobs by state; those of the chosen state are read again whenever their number changes.
import {useEffect, useRef, useState} from "preact/hooks";

import {call} from "./api.js";
import * as format from "./format.js";

const states = ["failed", "waiting", "active", "delayed", "completed"];
const most = 100;

// What a state's jobs have that others do not.
const times = {
  failed: ["Failed", (job) => format.moment(job.finishedAt)],
  waiting: null,
  active: ["Began", (job) => format.moment(job.processedAt)],
  delayed: ["Delayed by", (job) => format.duration(job.delayMilliseconds)],
  completed: ["Completed", (job) => format.moment(job.finishedAt)],
};
const nothing = {
  failed: "No job has failed.",
  waiting: "No job is waiting: each was taken by a worker as it came.",
  active: "No job is being worked on now.",
  delayed: "No job is delayed.",
  completed: "No job was completed in the last 24 hours.",
};

function Why({job}) {
  return (
    <>
      {job.failedReason}
      {job.stackTrace && <details><summary>Stack trace</summary><pre tabIndex={0} aria-label={`Stack trace of ${job.id}`}>{job.stackTrace}</pre></details>}
    </>
  );
}

function List({jobs, state, retry}) {
  const time = times[state];
  const withReason = jobs.some((job) => job.failedReason);
  return (
    <table class="left">
      <thead>
        <tr>
          <th scope="col">Job</th><th scope="col">Name</th><th scope="col">Made</th>{time && <th scope="col">{time[0]}</th>}
          <th scope="col" class="number">Attempts</th>{withReason && <th scope="col">{state === "failed" ? "Why it failed" : "Why it failed before"}</th>}
          {state === "failed" && <th scope="col"><span class="unseen">Actions</span></th>}
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <th scope="row"><code>{job.id}</code></th><td class="breaks" data-label="Name">{job.name}</td><td data-label="Made">{format.moment(job.createdAt)}</td>
            {time && <td data-label={time[0]}>{time[1](job)}</td>}<td class="number" data-label="Attempts">{format.exact(job.attempts)}</td>
            {withReason && <td class="wrap" data-label="Why"><Why job={job} /></td>}
            {state === "failed" && <td><button onClick={() => retry(job.id)} aria-label={`Try again: ${job.id}`}>Try again</button></td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Jobs({numbers, account, refused}) {
  const [state, setState] = useState("failed");
  const [found, setFound] = useState(null);  // null: being read
  const [told, setTold] = useState("");
  const [turn, setTurn] = useState(0);
  const place = useRef(null);
  const counts = numbers.tick?.jobs;

  useEffect(() => {
    const controller = new AbortController();
    call("GET", `/api/jobs?state=${state}&limit=${most}`, {token: account.token, signal: controller.signal})
      .then(({data}) => setFound(data))
      .catch((error) => {
        if (error.name === "AbortError") return;
        if (error.status === 401) refused("Your session has ended. Please sign in again.");
        else setFound({error: error.status === 503 ? "The queue cannot be reached." : error.message});
      });
    return () => controller.abort();
  }, [state, turn, counts?.up, counts?.[state]]);

  async function retry(id) {
    try {
      await call("POST", `/api/jobs/${encodeURIComponent(id)}/retry`, {token: account.token, body: {}});
      setTold(`${id} is tried again.`);
    } catch (error) {
      setTold(error.status === 404 || error.status === 409 ? `${id} is not among the failed any more.` : error.message);
    }
    setTurn((now) => now + 1);
    place.current?.focus();  // the button goes away with its job
  }

  if (found && found.queue === null)
    return (
      <>
        <h1>Jobs</h1>
        <section class="card empty-page">
          <p>There is no job queue: it is there where Redis and a payment gateway are set up (<code>SSLCOMMERZ_STORE_ID</code>).</p>
        </section>
      </>
    );
  return (
    <>
      <h1>Jobs{found?.queue && <small>queue <code>{found.queue}</code></small>}</h1>
      <div class="bar">
        <fieldset class="switch">
          <legend class="unseen">State</legend>
          {states.map((each) => (
            <label key={each}>
              <input type="radio" name="state" checked={state === each} onChange={() => {
                setTold("");
                setFound(null);
                setState(each);
              }} />
              <span>{each}{counts?.up && <b>{format.count(counts[each])}</b>}</span>
            </label>
          ))}
        </fieldset>
        <button onClick={() => setTurn((now) => now + 1)}>Look again</button>
        <span role="status" class="muted">{told}</span>
      </div>
      <section class="card jobs" ref={place} tabIndex={-1} aria-label={`Jobs that are ${state}`}>
        {!found && <p class="muted">Reading them …</p>}
        {found?.error && <p class="error">{found.error}</p>}
        {found?.jobs?.length === 0 && <p class="muted">{nothing[state]}</p>}
        {found?.jobs?.length > 0 && (
          <div class="scroll" role="region" aria-label={`Table of jobs that are ${state}`} tabIndex={0}>
            <List jobs={found.jobs} state={state} retry={retry} />
          </div>
        )}
        {found?.jobs?.length === most && <p class="muted">The newest {most} are shown.</p>}
      </section>
    </>
  );
}
