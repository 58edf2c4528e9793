// The live picture

const UPDATING = "The firmware is being updated. The picture returns after the restart.";
const live = { updating: "", paused: false, retry: 0, since: 0, uptime: 0, missed: false };

function showLive() {
  clearTimeout(live.retry);
  if (live.paused || document.hidden) return;
  live.since = Date.now();
  $("live").src = `/mjpg?${live.since}`;
}

// A browser does not report the end of a stream; the picture freezes.
function watchLive(status) {
  const ended = live.missed || status.uptime_s < live.uptime || !status.viewers;
  live.uptime = status.uptime_s;
  live.missed = false;
  live.updating = status.update === "idle" && !update.request ? "" : UPDATING;
  if (ended && !live.updating && Date.now() - live.since > 2500) showLive();
}

function stopLive() {
  clearTimeout(live.retry);
  $("live").src = "/icon.svg"; // ends the stream, which uses one of the camera's few sockets
}

function overlay(text) {
  $("overlay").textContent = text;
  $("overlay").hidden = !text;
}

async function snapshot() {
  try {
    const response = await fetch("/capture", { headers: { "X-Requested-With": "page" } });
    if (!response.ok) throw new Error(await response.text());
    const stamp = new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-");
    const link = make("a", { href: URL.createObjectURL(await response.blob()), download: `camera-${stamp}.jpg` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  } catch (error) {
    toast(`No snapshot: ${error.message}`);
  }
}

// The camera's reason for refusing the stream; an <img> only reports that it failed.
async function refusal() {
  const stop = new AbortController();
  try {
    const response = await fetch("/mjpg", { headers: { "X-Requested-With": "page" }, signal: stop.signal });
    return response.ok ? "" : (await response.text()).trim();
  } catch {
    return "";
  } finally {
    stop.abort();
  }
}

async function liveFailed() {
  if (live.paused || live.updating || document.hidden) return;
  overlay(`No live picture: ${(await refusal()) || "none arrives at the moment."} Retrying.`);
  clearTimeout(live.retry);
  live.retry = setTimeout(showLive, 3000);
}

function picture() {
  $("live").addEventListener("error", liveFailed);
  if ($("live").complete && !$("live").naturalWidth) liveFailed(); // before this script ran
  document.addEventListener("visibilitychange", () => (document.hidden ? stopLive() : live.paused || showLive()));
  $("pause").hidden = false;
  $("pause").addEventListener("click", () => {
    live.paused = !live.paused;
    $("pause").setAttribute("aria-pressed", String(live.paused));
    $("pause").textContent = live.paused ? "Resume" : "Pause";
    overlay(live.paused ? "Paused" : "");
    if (live.paused) $("live").src = `/jpg?${Date.now()}`;
    else showLive();
  });
  $("full").hidden = !document.fullscreenEnabled;
  $("full").addEventListener("click", () => $("frame").requestFullscreen());
  $("snapshot").addEventListener("click", (event) => {
    event.preventDefault();
    snapshot();
  });
}
