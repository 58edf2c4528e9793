// The trial of an update: every page says until when, and offers Keep and Go back

const WAITS_FOR = { "Wi-Fi": "Wi-Fi", broker: "the broker", picture: "a picture" };
const GOES_BACK = "Going back to the old firmware: the camera restarts, and this page connects again by itself.";
let goesBack = false; // this page has asked for it

function trialText({ version, keeps_itself: keepsItself, missing, until, left_s: left }) {
  if (goesBack) return GOES_BACK;
  if (!keepsItself) return `${version} is on trial until you keep it. A restart goes back to the old firmware.`;
  const end = until ? `until ${until.slice(11, 16)}` : `for ${span(left)}`;
  const waits = missing ? ` It still waits for ${WAITS_FOR[missing]}.` : "";
  return `${version} is on trial ${end}. It is kept as soon as Wi-Fi, the broker and the camera work.${waits}`;
}

function outcome({ kept, rolled_back: back, version }) {
  if (kept) return `${kept} is kept.`;
  return back ? `${back.version} was rolled back: ${back.reason || "the reason is not known"}. ${version} runs.` : "";
}

async function decide(command, refresh) {
  goesBack = command !== "mqttotaconfirm";
  try {
    await api("command", { command, argument: "1" });
    await refresh();
  } catch (error) {
    goesBack = false;
    $("trial-text").textContent = `Not done: ${error.message}`;
  }
}

// Keep and Go back; `refresh` reads the state afterwards.
function trialButtons(refresh) {
  const keep = make("button", { type: "button", className: "main", textContent: "Keep" });
  const back = make("button", { type: "button", textContent: "Go back" });
  keep.addEventListener("click", () => decide("mqttotaconfirm", refresh));
  back.addEventListener("click", () => {
    if (confirm("Go back to the old firmware? The camera restarts.")) decide("rollback", refresh);
  });
  return make("div", { className: "buttons" }, keep, back);
}

function trialBanner(refresh) {
  const close = make("button", { type: "button", textContent: "Close", id: "trial-close" });
  const text = make("p", { id: "trial-text", role: "status" });
  const banner = make("aside", { id: "trial", "aria-label": "Update on trial", hidden: true }, text, trialButtons(refresh), close);
  close.addEventListener("click", () => { banner.hidden = true; });
  document.querySelector("header.top").after(banner);
  return banner;
}

// The banner appears with a trial, and then stays to show how it ends.
function showTrial({ firmware }, refresh) {
  const banner = $("trial") || (firmware.trial && trialBanner(refresh));
  if (!banner) return;
  const { trial } = firmware;
  goesBack &&= Boolean(trial);
  const text = trial ? trialText(trial) : outcome(firmware);
  if ($("trial-text").textContent !== text) {
    $("trial-text").textContent = text;
    banner.hidden = !text;
  }
  banner.querySelector(".buttons").hidden = !trial || goesBack;
  $("trial-close").hidden = Boolean(trial);
}

// On pages that do not show the state otherwise
async function watchTrial() {
  let pause = 5000;
  try {
    const status = document.hidden ? null : await api("status", null, () => {});
    if (status) showTrial(status, watchTrial);
    if (status && !status.firmware.trial) pause = 30000;
  } catch {
    // The camera restarts, or needs its new password.
  }
  clearTimeout(watchTrial.timer);
  watchTrial.timer = setTimeout(watchTrial, pause);
}
