// Updates the progress bars of running jobs. Without it they show the state of when the page loaded.
// It asks nothing while the page is hidden, and tells screen readers starts, quarters and ends only.

const QUICK_MS = 2000;
const SLOW_MS = 10000;
const QUARTERS = 4;

const PARTS = "main > .head, main > .tiles, main > .flow > .sheet";

const place = document.querySelector("[data-running]");
const announce = place.querySelector("[data-announce]");
const told = new Map();
let timer = 0;

const shown = () => [...place.querySelectorAll("[data-job]")];
const ids = (jobs) => jobs.map((job) => String(job)).sort().join(" ");

function move(job) {
  const row = place.querySelector(`[data-job="${job.id}"]`);
  const bar = row.querySelector("progress");
  if (job.total) {
    bar.max = job.total;
    bar.value = job.processed;
  }
  row.querySelector("[data-text]").textContent = job.text;
  const quarter = job.total ? Math.floor((QUARTERS * job.processed) / job.total) : 0;
  if (told.has(job.id) && told.get(job.id) !== quarter) {
    announce.textContent = `${bar.getAttribute("aria-label")}: ${job.text}`;
  }
  told.set(job.id, quarter);
}

// Other jobs run than the page shows: load the page again, and take these parts from it.
async function renew() {
  if (place.id !== "running") {
    location.reload(); // one job's own page: its report is there now
    return;
  }
  const page = await fetch(location.href);
  if (!page.ok) return;
  const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
  const now = [...document.querySelectorAll(PARTS)];
  const next = [...fresh.querySelectorAll(PARTS)];
  now.forEach((part, number) => {
    // A part with the keyboard focus stays. The part with the bars keeps its live region.
    if (part !== place && !part.contains(document.activeElement)) part.replaceWith(next[number]);
  });
  const rows = ":scope > .running, :scope > .hint";
  for (const row of place.querySelectorAll(rows)) row.remove();
  announce.before(...fresh.querySelector("#running").querySelectorAll(rows));
  announce.textContent = shown().length ? "What runs has changed." : "Nothing runs any more.";
}

async function look() {
  let pause = SLOW_MS;
  try {
    const answer = await fetch(place.dataset.running, { headers: { Accept: "application/json" } });
    if (answer.redirected || !answer.ok) return again(SLOW_MS); // logged out, or not ready
    const { jobs, queued, workers } = await answer.json();
    const own = place.id === "running" ? jobs : jobs.filter((job) => shown()[0]?.dataset.job === String(job.id));
    if (ids(own.map((job) => job.id)) !== ids(shown().map((row) => row.dataset.job))) await renew();
    for (const job of own) if (place.querySelector(`[data-job="${job.id}"]`)) move(job);
    for (const [name, number] of [["queued", queued], ["workers", workers]]) {
      const figure = document.querySelector(`[data-${name}]`);
      if (figure) figure.textContent = number ?? "?";
    }
    if (jobs.length) pause = QUICK_MS;
  } catch {
    // The server does not answer: try again later.
  }
  again(pause);
}

function again(pause) {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, pause);
}

document.addEventListener("visibilitychange", () => again(0));
again(shown().length ? QUICK_MS : SLOW_MS);
