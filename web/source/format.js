// Numbers as people read them.
const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const short = new Intl.NumberFormat("en", {notation: "compact", maximumFractionDigits: 1});

export const count = (value) => (value < 10000 ? whole.format(value) : short.format(value));
export const exact = (value) => whole.format(value);
export const rate = (value) => (value === 0 ? "0" : value < 10 ? value.toFixed(1) : count(value));
export const percent = (part) => (part === null ? "–" : part > 0.999 && part < 1 ? "99.9" : part === 1 ? "100" : (part * 100).toFixed(1));

export function milliseconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1) return `${(value * 1000).toFixed(0)} µs`;
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${value.toFixed(0)} ms`;
  return `${(value / 1000).toFixed(1)} s`;
}

export function bytes(value) {
  if (value < 1024) return `${value} B`;
  const units = ["KiB", "MiB", "GiB"];
  let unit = -1;
  do {
    value /= 1024;
    unit += 1;
  } while (value >= 1024 && unit < units.length - 1);
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

export function duration(inMilliseconds) {
  if (inMilliseconds === null || inMilliseconds === undefined) return "–";
  const seconds = Math.round(inMilliseconds / 1000);
  if (Math.abs(seconds) < 60) return `${seconds} s`;
  if (Math.abs(seconds) < 3600) return `${Math.floor(seconds / 60)} min ${Math.abs(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(Math.abs(seconds % 3600) / 60)} min`;
}

const clockForm = new Intl.DateTimeFormat("en-GB", {hour: "2-digit", minute: "2-digit", second: "2-digit"});
export const clock = (seconds) => clockForm.format(new Date(seconds * 1000));

const momentForm = new Intl.DateTimeFormat("en-GB", {day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit"});
export const moment = (text) => (text ? momentForm.format(new Date(text)) : "–");
