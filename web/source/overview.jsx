import {useMemo, useState} from "preact/hooks";

import {Chart, Spark} from "./charts.jsx";
import * as format from "./format.js";
import {pointsOf, ratioOf, requestsOf, savedOf} from "./numbers.js";

const requestSeries = [
  {label: "Hit", name: "hits", colour: "hit"},
  {label: "Collapsed", name: "collapsed", colour: "collapsed"},
  {label: "Miss", name: "misses", colour: "miss"},
  {label: "Bypass", name: "bypasses", colour: "bypass"},
];
const timeSeries = [
  {label: "Hit p50", colour: "hit"},
  {label: "Hit p99", colour: "hit", dash: [4, 4], width: 1.5},
  {label: "Miss p50", colour: "miss"},
  {label: "Miss p99", colour: "miss", dash: [4, 4], width: 1.5},
  {label: "Bypass p50", colour: "bypass"},
  {label: "Bypass p99", colour: "bypass", dash: [4, 4], width: 1.5},
];

function Tile({name, value, unit, note, values, colour}) {
  return (
    <section class="card tile">
      <h2>{name}</h2>
      <p class="tile-value">{value}{unit && <small>{unit}</small>}</p>
      <p class="muted tile-note">{note}</p>
      <Spark values={values} colour={colour} />
    </section>
  );
}

function Tiles({numbers}) {
  const {total, minute, rates, live, tick} = numbers;
  const recent = live.slice(-120);
  const isBusy = requestsOf(minute) > 0;
  const shown = isBusy ? minute : total;
  const saved = requestsOf(total) > 0 ? savedOf(total) / requestsOf(total) : null;
  const last = (i) => recent.findLast((each) => each.times[i] !== null)?.times[i] ?? null;
  const hit = last(0), miss = last(2) ?? last(4);
  const factor = hit && miss && miss > hit ? Math.round(miss / hit) : null;
  return (
    <div class="tiles">
      <Tile name="Hit ratio" value={format.percent(ratioOf(shown))} unit={ratioOf(shown) === null ? "" : "%"} colour="hit"
        note={isBusy ? "of the last minute" : "since the server began"} values={recent.map((each) => ratioOf(each.rates))} />
      <Tile name="Requests" value={rates ? format.rate(requestsOf(rates)) : "–"} unit="/s" colour="accent"
        note={`${format.count(requestsOf(total))} since the server began`} values={recent.map((each) => requestsOf(each.rates))} />
      <Tile name="Database reads saved" value={format.count(savedOf(total))} unit="" colour="collapsed"
        note={saved === null ? "no request yet" : `${format.percent(saved)} % of all requests; ${format.exact(tick?.originReads ?? 0)} under way`}
        values={recent.map((each) => savedOf(each.rates))} />
      <Tile name="A hit takes (median)" value={format.milliseconds(hit)} unit="" colour="hit"
        note={hit === null ? "no hit in the last 2 minutes" : miss === null ? "no miss to compare with yet" : `a miss ${format.milliseconds(miss)}${factor ? `, ${format.exact(factor)} times as long` : ""}`}
        values={recent.map((each) => each.times[0])} />
    </div>
  );
}

function Range({value, set}) {
  const ranges = [[120, "2 min"], [600, "10 min"], [3600, "1 hour"]];
  return (
    <fieldset class="switch">
      <legend class="unseen">Time shown</legend>
      {ranges.map(([seconds, name]) => (
        <label><input type="radio" name="range" checked={value === seconds} onChange={() => set(seconds)} /><span>{name}</span></label>
      ))}
    </fieldset>
  );
}

function Charts({numbers}) {
  const [range, setRange] = useState(120);
  const points = useMemo(() => pointsOf(numbers, range), [numbers.tick, numbers.past, range]);
  const t = points.map((each) => each.t);
  const requests = useMemo(() => [t, ...requestSeries.map(({name}) => points.map((each) => each.rates[name]))], [points]);
  const latency = useMemo(() => [t, ...timeSeries.map((_, i) => points.map((each) => each.times[i]))], [points]);
  const last = points.at(-1);
  const highest = Math.max(0, ...points.map((each) => requestsOf(each.rates)));
  const spoken = last ? requestSeries.map(({label, name}) => `${label} ${format.rate(last.rates[name])}`).join(", ") : "no data yet";
  const spokenTimes = last ? timeSeries.map(({label}, i) => `${label} ${format.milliseconds(last.times[i])}`).join(", ") : "no data yet";
  return (
    <div class="charts">
      <section class="card">
        <div class="card-head"><h2>Requests a second</h2><Range value={range} set={setRange} /></div>
        <Chart series={requestSeries} data={requests} range={range} isStacked unit={(value) => (value === null ? "–" : format.rate(value))}
          label={`Requests a second by result, now: ${spoken}; at most ${format.rate(highest)} in the last ${range / 60} minutes`} />
      </section>
      <section class="card">
        <div class="card-head"><h2>How long they take</h2><span class="muted">logarithmic</span></div>
        <Chart series={timeSeries} data={latency} range={range} isLogarithmic unit={format.milliseconds}
          label={`Time to answer, percentiles, now: ${spokenTimes}`} />
      </section>
    </div>
  );
}

function Bar({count}) {
  const all = requestsOf(count);
  const parts = [["hit", count.hits], ["collapsed", count.collapsed], ["miss", count.misses], ["bypass", count.bypasses]];
  const box = 100;
  let at = 0;
  return (
    <svg class="ratio" viewBox={`0 0 ${box} 6`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="ratio-ground" width={box} height="6" />
      {all > 0 && parts.map(([name, value]) => {
        const width = (value / all) * box;
        const x = at;
        at += width;
        return <rect class={`ink-${name} fill`} x={x} width={width} height="6" />;
      })}
    </svg>
  );
}

function Prefixes({numbers}) {
  return (
    <section class="card">
      <h2 id="prefixes">By prefix</h2>
      <div class="scroll" role="region" aria-labelledby="prefixes" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Prefix</th><th scope="col" class="wide">Hit ratio</th><th scope="col">Requests/s</th><th scope="col">Hits</th>
              <th scope="col">Misses</th><th scope="col">Bypasses</th><th scope="col">Collapsed</th><th scope="col">Fills stored</th>
              <th scope="col">Rejected</th><th scope="col">Invalidations</th><th scope="col">Entries removed</th>
            </tr>
          </thead>
          <tbody>
            {numbers.byPrefix.length === 0 && <tr><td colSpan={11} class="muted">Nothing has been asked for yet.</td></tr>}
            {numbers.byPrefix.map(({name, count, rate}) => (
              <tr key={name}>
                <th scope="row"><a href={`#keys/${name}`}>{name}</a></th>
                <td class="wide"><span class="ratio-cell"><Bar count={count} /><span>{format.percent(ratioOf(count))}{ratioOf(count) !== null && " %"}</span></span></td>
                <td>{format.rate(rate)}</td><td>{format.exact(count.hits)}</td><td>{format.exact(count.misses)}</td>
                <td>{format.exact(count.bypasses)}</td><td>{format.exact(count.collapsed)}</td><td>{format.exact(count.stored)}</td>
                <td title="a write came between, or too large, or failed">{format.exact(count.rejected + count.tooLarge + count.failed)}</td>
                <td>{format.exact(count.invalidations)}</td><td>{format.exact(count.removed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function News({news}) {
  return (
    <section class="card news">
      <h2 id="news">Invalidations as they happen</h2>
      {news.length === 0 && <p class="muted empty">None since you began to look. Each write makes one.</p>}
      <ol aria-labelledby="news" tabIndex={0} class="scroll-down">
        {news.map((each) => (
          <li key={each.id}>
            <time>{format.clock(each.t)}</time>
            {each.scope === null ? <span class="muted">and {format.exact(each.entries)} more scopes at once</span>
              : <><code>{each.scope}</code><span class="muted">{each.entries === 0 ? "no entry" : each.entries === 1 ? "1 entry" : `${format.exact(each.entries)} entries`}</span></>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Fact({name, good, value, note}) {
  return (
    <div class="fact">
      <dt><i class={good === null ? "dot" : good ? "dot dot-good" : "dot dot-bad"} aria-hidden="true" />{name}</dt>
      <dd>{value}{note && <small>{note}</small>}</dd>
    </div>
  );
}

function Health({tick}) {
  if (!tick) return <section class="card"><h2>Health</h2><p class="muted empty">Waiting for the first numbers.</p></section>;
  const {redis, store, l1, jobs} = tick;
  const trust = !redis.configured ? "not set up" : redis.switchedOff ? "switched off" : !redis.up ? "away" : redis.trusted ? "in use" : "not trusted yet";
  return (
    <section class="card">
      <h2>Health</h2>
      <dl class="facts">
        <Fact name="Redis" good={redis.configured ? redis.trusted : null} value={trust} note={redis.address} />
        <Fact name="Lease" good={redis.trusted ? redis.lease > 0.2 : null} value={redis.trusted ? `${(redis.lease * 1000).toFixed(0)} ms left` : "none"}
          note="renewed four times a second" />
        <Fact name="Redis round trips" good={null} value={redis.calls > 0 ? `≤ ${format.milliseconds(redis.p99)}` : "none now"} note="99 of 100, last second" />
        <Fact name="Database" good={store.up} value={store.up ? "answers" : "does not answer"} note={format.milliseconds(store.milliseconds)} />
        <Fact name="Outbox" good={store.outboxPending < 1000} value={`${format.count(store.outboxPending)} pending`}
          note={store.outboxPending > 0 ? `oldest ${format.duration(store.outboxOldest * 1000)}` : "all is acknowledged"} />
        <Fact name="Writes waiting" good={tick.writesNotAcknowledged === 0} value={format.exact(tick.writesWaiting)}
          note={`${format.exact(tick.writesNotAcknowledged)} not acknowledged`} />
        <Fact name="In this process (L1)" good={null} value={format.bytes(l1.bytes)} note={`${format.count(l1.entries)} entries`} />
        <Fact name="Jobs" good={jobs ? jobs.up && jobs.failed === 0 : null}
          value={!jobs ? "no queue" : !jobs.up ? "queue away" : `${format.count(jobs.waiting + jobs.active + jobs.delayed)} open`}
          note={jobs?.up ? `${format.count(jobs.failed)} failed` : ""} />
      </dl>
    </section>
  );
}

export function Overview({numbers}) {
  return (
    <>
      <h1 class="unseen">Overview</h1>
      <Tiles numbers={numbers} />
      <Charts numbers={numbers} />
      <div class="pair">
        <Health tick={numbers.tick} />
        <News news={numbers.news} />
      </div>
      <Prefixes numbers={numbers} />
    </>
  );
}
