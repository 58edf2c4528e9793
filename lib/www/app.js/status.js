// Status, and whether the camera answers

const POLL_MS = 3000;
const STATUS_MS = 5000; // a camera that takes longer for its status is offline
const link = { offline: false, since: null, seen: null, camera: null, sleep: null, private: false, off: null, timer: 0, polls: 0 };

function span(seconds) {
  const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (d) return `${d} d ${h} h`;
  return h ? `${h} h ${m} min` : m ? `${m} min${seconds % 60 ? ` ${seconds % 60} s` : ""}` : `${seconds} s`;
}

function plural(count, one, more = `${one}s`) {
  return `${count} ${count === 1 ? one : more}`;
}

let before = null;
function rate(status) {
  const now = { at: performance.now(), count: status.camera.captured };
  const found = before && now.at > before.at ? (1000 * (now.count - before.count)) / (now.at - before.at) : null;
  before = now;
  return found === null || found < 0 || status.private ? "" : `, ${found.toFixed(found < 10 ? 1 : 0)} pictures per second`;
}

// Only what has changed is replaced, so that a selection of text survives

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function list(target, rows) {
  const names = [...target.querySelectorAll("dt")].map((name) => name.textContent);
  if (names.join() !== rows.map(([name]) => name).join()) {
    target.replaceChildren(...rows.flatMap(([name]) => [make("dt", { textContent: name }), make("dd")]));
  }
  const values = target.querySelectorAll("dd");
  rows.forEach(([, ...value], n) => {
    const key = value.map((part) => part.title || part.href || part).join("|");
    if (values[n].shown === key) return;
    values[n].shown = key;
    values[n].replaceChildren(...value);
  });
}

function upper(text) {
  return text && text[0].toUpperCase() + text.slice(1);
}

function summary(status) {
  const { safe_mode: safe, camera, broker } = status;
  if (safe) return ["lost", `Safe mode after ${safe.reason}: no pictures. A normal start follows in ${span(safe.left_s)}${safe.ends ? `, at ${safe.ends.slice(11)}` : ""}.`];
  if (status.private) return ["poor", "Privacy is on: nobody gets a picture."];
  if (camera.state !== "ready" && camera.state !== "starting") return ["lost", `The camera is ${camera.state}: ${sentence(camera.reason)}`];
  if (!broker.state.startsWith("connected")) return ["poor", `Online, without a broker: ${sentence(brokerText(broker.state))}`];
  if (status.sleep) return ["good", `Online. The camera sleeps for ${span(status.sleep.every_s)} after each picture, but not while this page is open. Set Deep sleep to 0 to keep it awake.`];
  return ["good", "Online"];
}

function brokerText(state) {
  const checks = { ca: "its certificate checked", pin: "its key checked", off: "its certificate not checked" };
  const isUp = state.startsWith("connected");
  return state.replace(/, tls (ca|pin|off)$/, (_, how) => (isUp ? `, encrypted, ${checks[how]}` : ""));
}

function showSummary(dot, text) {
  $("dot").className = `dot ${dot}`;
  setText($("summary"), text);
}

function showStatus(status) {
  const wifi = status.wifi;
  const camera = status.safe_mode ? { state: "stopped", reason: `safe mode after ${status.safe_mode.reason}` } : status.camera;
  Object.assign(link, { camera, sleep: status.sleep, off: status.off_in_s === null ? null : performance.now() + 1000 * status.off_in_s });
  link.seen = new Date();
  showSummary(...summary(status));
  setText($("name"), status.title);
  document.title = status.title;
  setText($("device"), status.device_id);
  $("open").hidden = !status.open;
  $("logout").hidden = status.open;
  if (!status.time_set) giveTime();
  recallView(status.device_id);
  list($("figures"), [
    ["Camera", `${status.camera.sensor ? `${status.camera.sensor}, ` : ""}${camera.state}${rate(status)}`],
    ["Live picture", plural(status.viewers, "viewer")],
    ["Wi-Fi", `${upper(wifi.state)}${wifi.ssid ? ` ${wifi.ssid}` : ""}${wifi.reason ? ` (${wifi.reason})` : ""} `, ...(wifi.signal ? [bars(wifi.signal), ` ${wifi.signal} dBm`] : [])],
    ["IP address", wifi.address || "none"],
    ["Host name", status.host],
    ["Broker", upper(brokerText(status.broker.state))],
    ...(status.paused ? [["Pictures", `Pause: ${status.paused}`]] : []),
    ...(status.kept ? [["Kept pictures", String(status.kept)]] : []),
    ...(status.live ? [["Live view over MQTT", status.live]] : []),
    ...(status.motion ? [["Motion detection", upper(status.motion)]] : []),
    ...(status.push ? [["HTTP push", status.push]] : []),
    ["Time", status.time],
    ["Running", `${span(status.uptime_s)}, started by ${status.started_by}`],
    ["Free memory", `${Math.round(status.heap_free / 1024)} KB, internal ${Math.round(status.internal_free / 1024)} KB`],
    ["Failures", `${plural(status.camera.failed, "picture")}, ${plural(status.restarts, "restart")} of components`],
    ["Last error", status.last_error || "none"],
  ]);
  showAddresses(status);
  showTrial(status, pollNow);
  showFirmware(status);
  $("power").checked = status.power;
  setPrivate(status.private);
  showCountdown();
}

function showAddresses({ topics, rtsp }) {
  const { origin, hostname } = location;
  const web = [["Page", `${origin}/`], ["Snapshot", `${origin}/capture`], ["Stream", `${origin}/mjpg`]];
  if (rtsp !== null) web.push(["RTSP", `rtsp://${hostname}/mjpg`]);
  const mqtt = [["MQTT pictures", topics.image], ["MQTT commands", topics.commands], ["MQTT replies", topics.replies], ["MQTT telemetry", topics.telemetry]];
  $("addresses-box").hidden = false;
  list($("addresses"), [
    ...web.map(([name, url]) => [name, make("a", { href: url, textContent: url }), copyButton(url, `the address of the ${name.toLowerCase()}`)]),
    ...mqtt.map(([name, topic]) => [name, make("code", { textContent: topic, title: topic }), copyButton(topic, `the topic of ${name}`)]),
  ]);
}

// The link to the camera: everything that needs it is disabled while it does not answer

function setOffline(offline) {
  if (offline !== link.offline) {
    link.offline = offline;
    link.since = new Date();
    $("stale").hidden = !offline || !link.seen;
    $("figures").classList.toggle("soft", offline);
    $("power").disabled = $("timer").disabled = $("privacy").disabled = offline;
    if (offline) showStale();
    else showLive();
  }
  if (offline) document.title = `Offline: ${$("name").textContent}`;
  if (offline) showSummary("lost", `Offline since ${link.since.toLocaleTimeString()}. ${whyOffline()} This page reconnects by itself.`);
  lockControls();
  showState();
}

function whyOffline() {
  if (!link.sleep) return "Is the camera switched on and within reach of its Wi-Fi?";
  return `The camera sleeps for ${span(link.sleep.every_s)} after each picture; a press of its button wakes it.`;
}

// The figures stay, because they may say why the camera went; they do not pass for current ones.
function showStale() {
  const camera = $("figures").querySelector("dd");
  if (!camera) return;
  camera.textContent = "Offline";
  camera.shown = "";
  before = null;
  setText($("stale"), `Last values, from ${link.seen.toLocaleTimeString()}`);
}

async function poll() {
  const number = ++link.polls;
  try {
    const status = await api("status", null, undefined, STATUS_MS);
    if (number !== link.polls) return; // a later poll is on its way
    showStatus(status);
    setOffline(false);
    if (!$("log").hidden) await showLog();
    if (!$("picture").hidden) await showControls();
  } catch (error) {
    if (number !== link.polls) return;
    const receives = live.stream && performance.now() - live.at < LATE_MS;
    if (error.silent && !receives) setOffline(true);
    else showSummary("poor", sentence(error.message));
  }
}

function pollNow() {
  clearTimeout(link.timer);
  if (document.hidden) return undefined;
  return poll().finally(() => {
    clearTimeout(link.timer);
    link.timer = setTimeout(pollNow, updating() ? 1000 : POLL_MS);
  });
}

// The switches: the lamp, and privacy

function showCountdown() {
  const left = link.off === null || link.offline ? 0 : Math.max(0, Math.ceil((link.off - performance.now()) / 1000));
  const [h, m, s] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, String(left % 60).padStart(2, "0")];
  setText($("countdown"), left ? `off in ${h ? `${h}:${String(m).padStart(2, "0")}` : m}:${s}` : "");
}

async function sendSwitch(what, command, argument) {
  link.polls += 1; // a status from before is outdated
  try {
    await api("command", { command, argument });
  } catch (error) {
    toast(`${what} is not switched: ${error.message}`);
  }
  pollNow();
}

function switches() {
  const send = (command, argument) => sendSwitch("The lamp", command, argument);
  $("privacy").addEventListener("change", () => sendSwitch("Privacy", "privacy", $("privacy").checked ? "on" : "off"));
  $("power").addEventListener("change", () => {
    const minutes = $("timer").value;
    if ($("power").checked && minutes) send("timer", minutes);
    else send("power", $("power").checked ? "on" : "off");
  });
  $("timer").addEventListener("change", () => {
    if ($("timer").value) send("timer", $("timer").value);
    else if ($("power").checked) send("power", "on");
  });
}
