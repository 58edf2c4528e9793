// Figures below the picture. An old picture is hidden, because it is not live. A tab in the
// background stops watching, so that the camera may stop.

const POLL_MS = 500;
const $ = (id) => document.getElementById(id);

function figures({ fps, age_s: age, bytes }) {
  if (age === null) return "Waiting for a picture";
  const rate = fps ? `${fps.toFixed(1)} pictures per second, ` : ""; // the first ones have none
  return `${rate}${age.toFixed(1)} s old, ${Math.round(bytes / 1024)} KB`;
}

function show(state) {
  document.title = `${state.title}: live view`;
  $("title").textContent = state.title;
  $("figures").textContent = figures(state);
  showProblem(state.problem);
}

function showProblem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
  $("picture").hidden = $("figures").hidden = Boolean(text);
}

async function poll() {
  try {
    const response = await fetch("/state");
    show(await response.json());
  } catch {
    showProblem("tools/live.py has ended. Start it again, then reload this page.");
  }
  setTimeout(poll, POLL_MS);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) $("picture").removeAttribute("src");
  else $("picture").src = `/live.mjpg?${Date.now()}`;
});
poll();
