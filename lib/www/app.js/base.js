"use strict";
// What all parts of the script use. The files of this folder are sent as one, in the order of their
// names; each part runs on the page that has its element.
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

const ANSWER_MS = 15000; // a scan for networks takes some seconds

async function api(path, body, locked = () => location.assign("/login?next=" + location.pathname), limitMs = ANSWER_MS) {
  const options = { headers: { Accept: "application/json", "X-Requested-With": "page" }, signal: AbortSignal.timeout(limitMs) };
  if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
  let response;
  try {
    response = await fetch("/api/" + path, options);
  } catch {
    throw Object.assign(new Error("The camera does not respond."), { silent: true }); // nothing arrives
  }
  if (response.status === 401) locked();
  const found = await response.json().catch(() => { throw Object.assign(new Error("The response was cut off."), { silent: true }); });
  if (!response.ok) throw Object.assign(new Error(found.error), { status: response.status, faults: found.faults, advice: found.advice });
  return found;
}

// Text with exactly one full stop, whether or not the camera has sent one
const sentence = (text) => `${text.trim().replace(/[.\s]+$/, "")}.`;

// Gives a camera that has no time server the time of this device

async function giveTime() {
  const { accepted } = await api("time", { time: Math.floor(Date.now() / 1000) }, () => {}).catch(() => ({}));
  if (accepted && $("toast")) toast("The camera has taken the time from this device.");
}

let toastTimer;
function toast(text) {
  (document.fullscreenElement || document.body).append($("toast")); // full screen shows nothing else
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

function toggleShown(field, button, label) {
  const hidden = field.type === "password";
  field.type = hidden ? "text" : "password";
  button.textContent = hidden ? "Hide" : "Show";
  button.setAttribute("aria-label", `${button.textContent} ${label}`);
}

for (const button of document.querySelectorAll("[data-shows]")) {
  const field = $(button.dataset.shows);
  const label = document.querySelector(`label[for="${field.id}"]`).textContent;
  button.hidden = false;
  button.setAttribute("aria-label", `Show ${label}`);
  button.addEventListener("click", () => toggleShown(field, button, label));
}

function readInto(input, field) {
  input.hidden = false;
  input.addEventListener("change", async () => {
    if (input.files.length) field.value = await input.files[0].text();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
for (const input of document.querySelectorAll("[data-into]")) readInto(input, $(input.dataset.into));
