// Updates, from the choice of a file to the end of the trial, and restarts

const STEPS = ["Send", "Write", "Restart", "Trial", "Kept"];
const STAYS = "The running firmware stays.";
const REFUSALS = {
  busy: "another update is under way",
  "Running image not confirmed": "the running firmware is on trial; keep it or go back first",
};
// `request` sends a file, of which the part `sent` has left the browser; `restarts` names what the
// camera does meanwhile; `note` is what this browser alone knows about the last update.
const update = { status: null, request: null, sent: 0, restarts: "", note: "", checks: null, until: 0 };

function upload(event) {
  event.preventDefault();
  const file = $("image").files[0];
  showFault($("image"), file ? "" : "Choose a file first.");
  if (!file) {
    $("image").focus();
    return;
  }
  const request = new XMLHttpRequest();
  Object.assign(update, { request, sent: 0, note: "", restarts: "" });
  const ended = (note, restarts = "") => {
    Object.assign(update, { request: null, note, restarts });
    showStory();
    pollNow();
  };
  request.upload.addEventListener("progress", (step) => {
    update.sent = step.loaded / step.total;
    showStory();
  });
  request.addEventListener("load", () => uploaded(request, ended));
  request.addEventListener("error", () => ended("The connection was lost. Try again, closer to the access point if it happens again."));
  request.addEventListener("abort", () => ended(`Cancelled. ${STAYS}`));
  request.open("POST", `/update?keep=${Number($("keep-itself").checked)}&force=${Number($("force").checked)}`);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-Requested-With", "page");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.send(file);
  pollNow();
}

function uploaded(request, ended) {
  let error = request.responseText.trim().replace(/^\d+ [^:]*: /, ""); // of a request that is not read
  try { ({ error } = JSON.parse(request.responseText)); } catch { /* it is text */ }
  if (request.status === 413) error = "the file is too large for this camera";
  if (request.status === 200) return ended("", "Installed. The camera restarts, and this page connects again by itself.");
  if (request.status === 401) location.assign("/login?next=/");
  return ended(`Refused: ${(REFUSALS[error] || error).replace(/\.$/, "")}. ${STAYS}`);
}

// What the last update does or did: {at: number of the step, text, part: 0..1, or null if unknown}
function story({ firmware, update: state }) {
  if (update.request && update.sent < 1) return { at: 0, text: "Sending the file to the camera", part: update.sent };
  if (state === "installed" || update.restarts) return { at: 2, text: update.restarts || "Installed. The camera restarts.", part: null };
  if (firmware.job || update.request) {
    const text = { push: state === "writing" ? "Receiving it by MQTT" : "Waiting for the image by MQTT", pull: "Downloading it" }[firmware.job] || "Writing it to flash";
    return { at: 1, text, part: firmware.percent === null ? null : firmware.percent / 100 };
  }
  if (firmware.trial) return { at: 3, text: trialText(firmware.trial) };
  const note = update.note || firmware.failure;
  if (note) return { at: 1, text: note, bad: true };
  const ended = outcome(firmware);
  return ended ? { at: firmware.kept ? 5 : 3, text: ended, bad: !firmware.kept } : null;
}

function showStory(status = update.status) {
  if (!status) return;
  const { at, text, part, bad } = story(status) || { at: -1, text: "" };
  $("story").hidden = at < 0;
  $("story").classList.toggle("bad", Boolean(bad));
  [...$("steps").children].forEach((step, n) => {
    step.className = n < at ? "done" : n > at ? "" : bad ? "failed" : "now";
    if (n === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  if ($("update-note").textContent !== text) $("update-note").textContent = text;
  $("progress").hidden = part === undefined;
  if (part) $("progress").value = part;
  else $("progress").removeAttribute("value");
  $("percent").textContent = part ? `${Math.floor(100 * part)} %` : "";
  $("cancel").hidden = at !== 0 && at !== 1 || Boolean(bad);
  $("story").querySelector(".decide").hidden = !status.firmware.trial || goesBack || at !== 3;
}

function showFirmware(status) {
  const { firmware } = status;
  if (status.update === "idle") update.restarts = ""; // it has been "installed" until the restart
  if (firmware.trial || ["pull", "push"].includes(firmware.job)) update.note = ""; // of an update before
  update.status = status;
  const image = `firmware image ${firmware.image || "without a version"} in slot ${firmware.slot}`;
  const from = firmware.archive ? `application archive ${firmware.archive}, on ${image}` : image;
  const since = firmware.since ? `${firmware.since.slice(0, 10)} ${firmware.since.slice(11, 16)}, ` : "";
  list($("versions"), [["Version", status.version], ["Runs from", from], ["Since", `${since}${span(status.uptime_s)} ago`], ["Name", status.name], ["Device", status.device_id]]);
  showStory(status);
  showRelease(status);
  const busy = status.update !== "idle" || Boolean(update.request || update.restarts);
  for (const button of [$("install"), $("upgrade")]) button.disabled = busy || Boolean(firmware.trial);
  $("blocked").hidden = busy || !firmware.trial;
  $("restart").disabled = busy;
  $("restart-hint").textContent = firmware.trial ? `${firmware.trial.version} is on trial, so a restart goes back to the old firmware.` : "The picture returns after about ten seconds.";
}

// The release that `otaurl` offers

function releaseText({ version, firmware: { release } }) {
  if (!release) return "No address for updates is set. Enter one in Settings, under Updates.";
  if (!release.manifest) return `The address for updates is one file: ${release.source}`;
  if (update.checks !== null) return "Checking…";
  if (release.failure) return `No answer from ${release.source}: ${release.failure}. Check the address, then try again.`;
  if (!release.latest) return "Not checked yet: the camera needs Wi-Fi, and the time for an https:// address.";
  return release.latest === version ? `${version} is the newest release.` : `${release.latest} is available. This camera runs ${version}.`;
}

function showRelease(status) {
  const { release } = status.firmware;
  if (update.checks !== null && (!release || release.checks !== update.checks || Date.now() > update.until)) update.checks = null;
  const isNew = release && release.latest && release.latest !== status.version;
  const text = releaseText(status);
  if ($("release-text").textContent !== text) $("release-text").textContent = text;
  $("release-summary").textContent = (isNew && release.summary) || "";
  const page = isNew && /^https?:/.test(release.url) ? release.url : "";
  if ($("release-page").href !== page) $("release-page").href = page;
  $("release-page").hidden = !page;
  $("check").hidden = !(release && release.manifest);
  $("check").disabled = update.checks !== null;
  $("upgrade").hidden = !(release && (isNew || !release.manifest));
  $("upgrade").textContent = isNew ? `Install ${release.latest}` : "Install it";
}

async function check() {
  const { release } = update.status.firmware;
  Object.assign(update, { checks: release.checks, until: Date.now() + 60000 });
  await run("update", "1");
}

async function run(command, argument) {
  try {
    const { reply } = await api("command", { command, argument });
    update.note = REFUSALS[reply] ? `Refused: ${REFUSALS[reply]}.` : "";
  } catch (error) {
    update.note = error.message;
  }
  await pollNow();
}

function cancel() {
  if (update.request) update.request.abort();
  else run("upgrade", "0");
}

async function restart() {
  const trial = update.status && update.status.firmware.trial;
  const question = trial ? `${trial.version} is on trial. A restart goes back to the old firmware. Restart now?` : "Restart the camera now?";
  if (!confirm(question)) return;
  try {
    await api("command", { command: "restart", argument: "1" });
    goesBack = Boolean(trial);
    toast("Restarting");
  } catch (error) {
    toast(error.message);
  }
}

// True while new firmware arrives, or the camera restarts with it
function installing() {
  return Boolean(update.request || update.restarts || (update.status && update.status.update !== "idle"));
}

// True while something changes every second
function updating() {
  const { status } = update;
  const judged = status && status.firmware.trial && status.firmware.trial.keeps_itself;
  return Boolean(installing() || goesBack || judged || update.checks !== null);
}

function firmware() {
  $("steps").replaceChildren(...STEPS.map((name) => make("li", { textContent: name })));
  const buttons = trialButtons(pollNow);
  buttons.classList.add("decide");
  $("story").append(buttons);
  $("update").addEventListener("submit", upload);
  $("cancel").addEventListener("click", cancel);
  $("check").addEventListener("click", check);
  $("upgrade").addEventListener("click", () => run("upgrade", "1"));
  $("restart").addEventListener("click", restart);
}
