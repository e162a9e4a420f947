import {useEffect, useState} from "preact/hooks";

import {call} from "./api.js";
import * as format from "./format.js";

const states = ["failed", "waiting", "active", "delayed", "completed"];

export function Jobs({numbers, account, refused}) {
  const [state, setState] = useState("failed");
  const [found, setFound] = useState(null);
  const [told, setTold] = useState("");
  const counts = numbers.tick?.jobs;

  async function load() {
    try {
      const {data} = await call("GET", `/api/jobs?state=${state}&limit=100`, {token: account.token});
      setFound(data);
    } catch (error) {
      if (error.status === 401) return refused("Your session has ended. Please sign in again.");
      setTold(error.message);
    }
  }
  useEffect(() => {
    setFound(null);
    load();
  }, [state]);

  async function retry(id) {
    try {
      await call("POST", `/api/jobs/${encodeURIComponent(id)}/retry`, {token: account.token, body: {}});
      setTold(`${id} will be tried again.`);
    } catch (error) {
      setTold(error.message);
    }
    load();
  }

  if (found && found.queue === null)
    return (
      <>
        <h1>Jobs</h1>
        <section class="card empty-page"><p>There is no job queue: payments by gateway are not set up here.</p></section>
      </>
    );
  const time = (text) => (text ? new Date(text).toLocaleString("en-GB") : "–");
  return (
    <>
      <h1>Jobs</h1>
      <div class="bar">
        <fieldset class="switch">
          <legend class="unseen">State</legend>
          {states.map((each) => (
            <label>
              <input type="radio" name="state" checked={state === each} onChange={() => setState(each)} />
              <span>{each}{counts?.up && <b>{format.count(counts[each])}</b>}</span>
            </label>
          ))}
        </fieldset>
        <button onClick={load}>Look again</button>
        <span role="status" class="muted">{told}</span>
      </div>
      <section class="card">
        <div class="scroll" role="region" aria-label="Jobs" tabIndex={0}>
          <table class="left">
            <thead><tr><th scope="col">Job</th><th scope="col">Name</th><th scope="col">Made</th><th scope="col">Ended</th><th scope="col">Attempts</th><th scope="col">Why it failed</th><th scope="col"><span class="unseen">Actions</span></th></tr></thead>
            <tbody>
              {found?.jobs.length === 0 && <tr><td colSpan={7} class="muted">There are no {state} jobs.</td></tr>}
              {found?.jobs.map((job) => (
                <tr key={job.id}>
                  <th scope="row"><code>{job.id}</code></th><td>{job.name}</td><td>{time(job.createdAt)}</td><td>{time(job.finishedAt)}</td>
                  <td>{job.attempts}</td><td class="wrap">{job.failedReason || "–"}</td>
                  <td>{state === "failed" && <button onClick={() => retry(job.id)} aria-label={`Try ${job.id} again`}>Try again</button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
