"use strict";
// One script for all pages of the camera; each part runs on the page that has its element.
const $ = (id) => document.getElementById(id);

function make(tag, fields = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(fields)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

async function api(path, body, locked = () => location.assign("/login?next=" + location.pathname)) {
  const options = { headers: { Accept: "application/json", "X-Requested-With": "page" } };
  if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
  let response;
  try {
    response = await fetch("/api/" + path, options);
  } catch {
    throw new Error("The camera does not respond.");
  }
  if (response.status === 401) locked();
  const found = await response.json().catch(() => ({ error: "The response was cut off." }));
  if (!response.ok) throw Object.assign(new Error(found.error), { status: response.status, faults: found.faults, advice: found.advice });
  return found;
}

let toastTimer;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 5000);
}

function bars(signal) {
  const strength = signal >= -55 ? 4 : signal >= -67 ? 3 : signal >= -77 ? 2 : 1;
  const label = ["", "weak", "fair", "good", "excellent"][strength];
  const shown = make("span", { className: "bars", role: "img", "aria-label": `signal ${label}`, title: `${signal} dBm` });
  for (let n = 1; n <= 4; n += 1) shown.append(make("i", { className: n <= strength ? "on" : "" }));
  return shown;
}

// Buttons that show a password; files that are read into a field

for (const button of document.querySelectorAll("[data-shows]")) {
  const field = $(button.dataset.shows);
  const label = document.querySelector(`label[for="${field.id}"]`).textContent;
  const name = () => button.setAttribute("aria-label", `${button.textContent} ${label}`);
  button.hidden = false;
  name();
  button.addEventListener("click", () => {
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    button.textContent = hidden ? "Hide" : "Show";
    name();
  });
}

function readInto(input, field) {
  input.hidden = false;
  input.addEventListener("change", async () => {
    if (input.files.length) field.value = await input.files[0].text();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
for (const input of document.querySelectorAll("[data-into]")) readInto(input, $(input.dataset.into));

// Set-up

function showFault(field, text) {
  const id = `${field.id}-error`;
  let shown = $(id);
  if (!text) {
    if (shown) shown.remove();
    field.removeAttribute("aria-invalid");
    return;
  }
  if (!shown) {
    shown = make("p", { className: "error", id });
    (field.closest(".pair") || field).after(shown);
  }
  shown.textContent = text;
  field.setAttribute("aria-invalid", "true");
}

function fault(field) {
  const bytes = new TextEncoder().encode(field.value).length;
  if (!field.value) return "";
  if (field.minLength > 0 && bytes < field.minLength) return `At least ${field.minLength} characters.`;
  if (field.maxLength > 0 && bytes > field.maxLength) return `At most ${field.maxLength} bytes.`;
  if (field.type === "number" && !field.validity.valid) return `A whole number from ${field.min} to ${field.max}.`;
  if (field.id === "mqtthost" && !/^(mqtts?:\/\/)?[^\s/?#@\\"'<>]+$/i.test(field.value)) return "An address such as mqtt://broker.local or mqtts://10.0.0.5:8883.";
  if (field.id === "mqttca" && !field.value.includes("-----BEGIN CERTIFICATE-----")) return "This is not a PEM certificate.";
  return "";
}

function setup(form) {
  const fields = [...form.elements].filter((field) => field.name);
  for (const field of fields) field.addEventListener("change", () => showFault(field, fault(field)));
  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.name === "reboot") return;
    for (const field of fields) showFault(field, fault(field));
    const first = form.querySelector('[aria-invalid="true"]');
    if (!first) return;
    event.preventDefault();
    first.focus();
  });
  const first = form.querySelector('[aria-invalid="true"]');
  if (first) first.focus();
  $("scan").addEventListener("click", (event) => {
    event.preventDefault();
    scan();
  });
  scan();
}

async function scan() {
  $("scan-note").textContent = "Scanning…";
  try {
    const { networks } = await api("networks");
    $("networks").replaceChildren(...networks.map((network) => {
      const locked = network.secured ? "" : "open";
      const button = make("button", { type: "button" }, make("span", { className: "name", textContent: network.ssid }), make("small", { textContent: locked }), bars(network.signal));
      button.addEventListener("click", () => {
        $("wifissid").value = network.ssid;
        $("wifipassword").focus();
      });
      return make("li", {}, button);
    }));
    const count = networks.length;
    $("scan-note").textContent = count ? `${count} network${count > 1 ? "s" : ""} in range` : "No network is in range. Move the camera closer to the access point.";
  } catch (error) {
    $("scan-note").textContent = `${error.message} Type the name of the network.`;
  }
}

async function watchJoining() {
  try {
    const { wifi } = await api("status", null, () => {});
    $("joining").hidden = false;
    const joined = wifi.state === "joined";
    $("dot").className = `dot ${joined ? "good" : "poor"}`;
    const address = `http://${wifi.address}/`;
    const waits = wifi.state === "access point" ? "The access point is still open." : `Wi-Fi: ${wifi.state}${wifi.reason && wifi.state !== "joining" ? `, ${wifi.reason}` : ""}`;
    $("summary").replaceChildren(...(joined ? [`Joined ${wifi.ssid}: `, make("a", { href: address, textContent: address })] : [waits]));
    $("fallback").hidden = joined;
  } catch (error) {
    const locked = error.status === 401;
    $("joining").hidden = !locked && $("joining").hidden;
    $("summary").replaceChildren(...(locked ? ["The camera needs its new password: ", make("a", { href: "/login?next=/setup", textContent: "log in" })] : ["The camera does not respond at this address. Retrying."]));
    $("dot").className = "dot";
  }
  setTimeout(watchJoining, 2000);
}

// The live picture

const live = { paused: false, retry: 0, since: 0, uptime: 0, missed: false };

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
  if (ended && Date.now() - live.since > 2500) showLive();
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
  if (live.paused || document.hidden) return;
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

// Status

function span(seconds) {
  const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (d) return `${d} d ${h} h`;
  return h ? `${h} h ${m} min` : m ? `${m} min ${seconds % 60} s` : `${seconds} s`;
}

let before = null;
function rate(status) {
  const now = { at: performance.now(), count: status.camera.captured };
  const found = before && now.at > before.at ? (1000 * (now.count - before.count)) / (now.at - before.at) : null;
  before = now;
  return found === null || found < 0 ? "" : `, ${found.toFixed(found < 10 ? 1 : 0)} pictures per second`;
}

function list(target, rows) {
  target.replaceChildren(...rows.flatMap(([name, ...value]) => [make("dt", { textContent: name }), make("dd", {}, ...value)]));
}

function showStatus(status) {
  const ready = status.camera.state === "ready" || status.camera.state === "starting";
  const broker = status.broker.state.startsWith("connected");
  const safe = status.safe_mode;
  const [dot, summary] = safe ? ["lost", `Safe mode after ${safe.reason}: no pictures. A normal start follows in ${span(safe.left_s)}${safe.ends ? `, at ${safe.ends.slice(11)}` : ""}.`] : !ready ? ["lost", `The camera is ${status.camera.state}: ${status.camera.reason}`] : !broker ? ["poor", `Broker: ${status.broker.state}`] : ["good", "Everything works"];
  $("dot").className = `dot ${dot}`;
  $("summary").textContent = summary;
  $("name").textContent = status.topic;
  document.title = status.topic;
  $("device").textContent = status.device_id;
  $("open").hidden = !status.open;
  $("logout").hidden = status.open;
  watchLive(status);
  if (!live.paused && (!ready || $("live").naturalWidth)) {
    const lost = status.camera.state === "absent" ? `There is no picture: ${status.camera.reason}.` : `The camera is ${status.camera.state}; the picture returns by itself.`;
    overlay(ready ? "" : lost);
  }
  const wifi = status.wifi;
  list($("figures"), [
    ["Camera", `${status.camera.state}${rate(status)}`],
    ["Live viewers", String(status.viewers)],
    ["Wi-Fi", `${wifi.state}${wifi.ssid ? ` ${wifi.ssid}` : ""}${wifi.reason ? ` (${wifi.reason})` : ""} `, ...(wifi.signal ? [bars(wifi.signal), ` ${wifi.signal} dBm`] : [])],
    ["Address", `${wifi.address || "none"}, ${status.host}`],
    ["Broker", status.broker.state],
    ["Time", status.time],
    ["Running", `${span(status.uptime_s)}, started by ${status.started_by}`],
    ["Free memory", `${Math.round(status.heap_free / 1024)} KB, internal ${Math.round(status.internal_free / 1024)} KB`],
    ["Failures", `${status.camera.failed} pictures, ${status.restarts} restarts of components`],
    ["Last error", status.last_error || "none"],
  ]);
  list($("versions"), [["Name", status.name], ["Version", status.version], ["Device", status.device_id], ["Update", status.update]]);
  $("power-box").hidden = false;
  $("power").checked = status.power;
  if (document.activeElement !== $("timer")) $("timer").options[0].textContent = status.timer ? `${status.timer} min left` : "stays on";
}

async function poll() {
  if (!document.hidden) {
    try {
      showStatus(await api("status"));
      if (!$("log").hidden) await showLog();
    } catch (error) {
      live.missed = true;
      $("dot").className = "dot lost";
      $("summary").textContent = `${error.message} Retrying.`;
    }
  }
  setTimeout(poll, 3000);
}

function powerSwitch() {
  const send = async (command, argument) => {
    try {
      await api("command", { command, argument });
      showStatus(await api("status"));
    } catch (error) {
      toast(error.message);
    }
  };
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

// Camera parameters

const GROUPS = {
  Picture: "framesize quality brightness contrast saturation special_effect hmirror vflip",
  Exposure: "aec aec_value aec2 ae_level agc agc_gain gainceiling nightmode",
  Colour: "awb awb_gain wb_mode",
  Corrections: "bpc wpc raw_gma lenc dcw colorbar",
};
const LABELS = {
  framesize: "Size", quality: "Compression (low is better)", brightness: "Brightness", contrast: "Contrast", saturation: "Saturation",
  special_effect: "Effect", hmirror: "Mirror", vflip: "Upside down", aec: "Automatic exposure", aec_value: "Exposure", aec2: "Exposure by DSP",
  ae_level: "Exposure level", agc: "Automatic gain", agc_gain: "Gain", gainceiling: "Highest gain", nightmode: "Night mode (slow)",
  awb: "Automatic white balance", awb_gain: "White balance gain", wb_mode: "White balance", bpc: "Black pixels", wpc: "White pixels",
  raw_gma: "Gamma", lenc: "Lens shading", dcw: "Downscaling", colorbar: "Test pattern",
};

function control(row) {
  const id = `p-${row.name}`;
  const { options } = row;
  const label = make("label", { htmlFor: id, textContent: LABELS[row.name] || row.name });
  if (row.low === 0 && row.high === 1) {
    return make("div", { className: "control" }, label, make("input", { type: "checkbox", id, name: row.name, role: "switch", checked: row.value === 1 }));
  }
  if (options) {
    const select = make("select", { id, name: row.name });
    options.forEach((text, value) => select.append(make("option", { value, textContent: text, selected: value === row.value })));
    return make("div", { className: "control" }, label, select);
  }
  const shown = make("output", { htmlFor: id, textContent: row.value });
  const range = make("input", { type: "range", id, name: row.name, min: row.low, max: row.high, step: 1 });
  range.value = row.value;
  range.addEventListener("input", () => { shown.textContent = range.value; });
  return make("div", { className: "control" }, label, shown, range);
}

function grouped(rows, groups, one, rest) {
  const left = new Map(rows.map((row) => [row.name, row]));
  const sections = [];
  const add = (title, names) => {
    const found = names.filter((name) => left.has(name)).map((name) => left.get(name));
    found.forEach((row) => left.delete(row.name));
    if (found.length) sections.push(make("div", { className: "group", role: "group", "aria-label": title }, make("h3", { textContent: title }), ...found.map(one)));
  };
  for (const [title, names] of Object.entries(groups)) add(title, names.split(" "));
  if (rest) add(rest, [...left.keys()]);
  return sections;
}

async function showControls() {
  try {
    const { parameters } = await api("camera");
    const offered = parameters.filter(({ value }) => value !== null);
    $("controls").replaceChildren(...grouped(offered, GROUPS, control, "More"));
  } catch (error) {
    $("controls").replaceChildren(make("p", { className: "note bad", textContent: error.message }));
  }
}

function controls() {
  $("picture").addEventListener("submit", (event) => event.preventDefault());
  $("picture").addEventListener("change", async (event) => {
    const field = event.target;
    const value = field.type === "checkbox" ? Number(field.checked) : Number(field.value);
    try {
      await api("camera", { [field.name]: value });
    } catch (error) {
      toast(`Not changed: ${error.message}`);
      showControls();
    }
  });
  $("keep").addEventListener("click", async () => {
    try {
      await api("camera", { save_to_nvs: 1 });
      toast("Saved for the next start");
    } catch (error) {
      toast(error.message);
    }
  });
}

// Settings

let settings = [];

function input(row, id) {
  if (row.kind === "choice") {
    const select = make("select", { id });
    for (const option of row.options) select.append(make("option", { value: option, textContent: option, selected: option === row.value }));
    return select;
  }
  if (row.kind === "file") return make("textarea", { id, spellcheck: false, placeholder: row.set ? "stored; paste another one here" : "none stored; paste it here" });
  const type = { number: "number", secret: "password" }[row.kind] || "text";
  const field = make("input", { id, type, autocomplete: type === "password" ? "new-password" : "off", autocapitalize: "off", spellcheck: false, value: row.value ?? "" });
  if (row.kind === "number") Object.assign(field, { min: row.low, max: row.high });
  if (row.kind === "secret") field.placeholder = row.set ? "stored" : "none stored";
  return field;
}

function setting(row) {
  const id = `s-${row.name}`;
  const more = `${row.allowed}${row.default ? `; default ${row.default}` : ""}${row.restarts ? "; restarts the camera" : ""}.`;
  const field = input(row, id);
  field.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  const box = make("div", { className: "field" }, make("label", { htmlFor: id }, `${row.label} `, make("small", { textContent: row.name })), field);
  if (row.kind === "file") {
    const file = make("input", { type: "file", "aria-label": `${row.label} from a file` });
    readInto(file, field);
    field.before(file);
  }
  box.append(make("p", { className: "hint", id: `${id}-hint` }, `${row.about} `, make("span", { textContent: more })));
  if (row.set && row.name !== "otakey") {
    box.append(make("label", { className: "tick" }, make("input", { type: "checkbox", id: `f-${row.name}` }), " Remove the stored value"));
  }
  return box;
}

async function showSettings() {
  try {
    settings = (await api("settings")).settings;
    const groups = {};
    for (const { group, name } of settings) groups[group] = `${groups[group] || ""} ${name}`.trim();
    $("rows").replaceChildren(...grouped(settings, groups, setting));
  } catch (error) {
    settingsNote(error.message);
  }
}

function settingsNote(text) {
  $("settings-note").textContent = text;
  $("settings-note").hidden = !text;
}

async function saveSettings(event) {
  event.preventDefault();
  const wanted = {};
  for (const row of settings) {
    const field = $(`s-${row.name}`);
    showFault(field, "");
    const forget = $(`f-${row.name}`);
    if (field.value !== (row.value ?? "") || (forget && forget.checked)) wanted[row.name] = field.value;
  }
  settingsNote("");
  if (!Object.keys(wanted).length) {
    toast("No setting was changed");
    return;
  }
  try {
    const response = await api("settings", wanted);
    toast(response.restarts ? "Saved; the camera restarts" : response.saved ? "Saved" : "Applied, but not saved yet; the camera retries every minute");
    await showSettings();
    settingsNote(Object.entries(response.removed || {}).map(([name, what]) => `${name}: ${what}.`).join(" "));
  } catch (error) {
    settingsNote(error.message);
    for (const [name, text] of Object.entries(error.faults || {})) showFault($(`s-${name}`), text);
    const first = $("settings").querySelector('[aria-invalid="true"]');
    if (first) first.focus();
  }
}

// Log, commands, firmware

async function showLog() {
  const pre = $("lines");
  const atEnd = pre.scrollTop + pre.clientHeight > pre.scrollHeight - 30;
  pre.textContent = (await api("log")).lines.join("\n");
  if (atEnd) pre.scrollTop = pre.scrollHeight;
}

async function runCommand(event) {
  event.preventDefault();
  const [command, ...rest] = $("line").value.trim().split(" ");
  if (!command) return;
  $("reply").hidden = false;
  try {
    const response = await api("command", { command, argument: rest.join(" ") });
    $("reply").textContent = response.reply || "(empty)";
  } catch (error) {
    $("reply").textContent = error.message;
  }
}

function upload(event) {
  event.preventDefault();
  const file = $("image").files[0];
  if (!file) {
    $("update-note").textContent = "Choose a file first.";
    return;
  }
  const request = new XMLHttpRequest();
  const button = $("update").querySelector("button");
  const done = (text) => {
    $("update-note").textContent = text;
    $("progress").hidden = true;
    button.disabled = false;
    if (!live.paused) showLive();
  };
  button.disabled = true;
  $("progress").hidden = false;
  stopLive();
  $("update-note").textContent = "Sending…";
  request.upload.addEventListener("progress", (step) => {
    $("progress").value = step.loaded / step.total;
    $("update-note").textContent = step.loaded < step.total ? `Sent ${Math.floor((100 * step.loaded) / step.total)} %` : "Checking…";
  });
  request.addEventListener("load", () => {
    let response = {};
    try { response = JSON.parse(request.responseText); } catch { response.error = request.responseText; }
    done(request.status < 300 ? response.message || "Installed. The camera restarts." : `Refused: ${response.error}`);
  });
  request.addEventListener("error", () => done("The connection was lost; the old firmware stays. Try again."));
  request.open("POST", $("force").checked ? "/update?force=1" : "/update");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-Requested-With", "page");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.send(file);
}

async function restart() {
  if (!confirm("Restart the camera now?")) return;
  try {
    await api("command", { command: "restart", argument: "1" });
    toast("Restarting");
  } catch (error) {
    toast(error.message);
  }
}

// Tabs, by mouse and arrow keys

const OPENED = { picture: showControls, settings: showSettings, log: showLog };

function tabs() {
  const all = [...document.querySelectorAll('[role="tab"]')];
  const select = (tab) => {
    for (const each of all) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      $(each.getAttribute("aria-controls")).hidden = !chosen;
    }
    const opened = OPENED[tab.getAttribute("aria-controls")];
    if (opened) Promise.resolve(opened()).catch((error) => toast(error.message));
  };
  all.forEach((tab, n) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = all[(n + step + all.length) % all.length];
      next.focus();
      select(next);
    });
  });
}

if ($("setup")) setup($("setup"));
if ($("saved")) watchJoining();
if ($("camera")) {
  $("panels").hidden = false;
  tabs();
  picture();
  powerSwitch();
  controls();
  $("settings").addEventListener("submit", saveSettings);
  $("command").addEventListener("submit", runCommand);
  $("update").addEventListener("submit", upload);
  $("restart").addEventListener("click", restart);
  poll();
}
