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
  if (field.id === "mqtthost" && !/^((mqtts?:\/\/)?[^\s/?#@\\"'<>]+|wss?:\/\/[^\s/?#@\\"'<>]+(\/\S*)?)$/i.test(field.value)) return "An address such as mqtt://broker.local or mqtts://10.0.0.5:8883.";
  if (field.id === "mqttca" && !field.value.includes("-----BEGIN CERTIFICATE-----")) return "This is not a PEM certificate.";
  return "";
}

// Shows a field that may be in a closed part of the form, and moves the focus to it.
function reveal(field) {
  for (let part = field.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  field.focus({ preventScroll: true });
  (field.closest(".field") || field).scrollIntoView({ block: "center" });
}

function revealTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.closest("details")) reveal(target);
}

// Selects the time zone of this browser, if the camera has the same rule or nobody has set it.
function ownZone(select, isNew) {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
  const own = [...select.options].find((option) => option.text === name);
  if (own && (isNew || own.value === select.value)) own.selected = true;
}

function setup(form) {
  ownZone($("timezone"), "new" in form.dataset);
  addEventListener("hashchange", revealTarget);
  revealTarget();
  const fields = [...form.elements].filter((field) => field.name);
  for (const field of fields) field.addEventListener("change", () => showFault(field, fault(field)));
  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.name === "reboot") return;
    for (const field of fields) showFault(field, fault(field));
    const first = form.querySelector('[aria-invalid="true"]');
    if (!first) return;
    event.preventDefault();
    reveal(first);
  });
  const first = form.querySelector('[aria-invalid="true"]');
  if (first) reveal(first);
  $("scan").addEventListener("click", (event) => {
    event.preventDefault();
    scan();
  });
  scan();
  giveTime();
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
    $("scan-note").textContent = `${error.message} Type the network's name.`;
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
    $("summary").textContent = joined ? `Joined ${wifi.ssid}` : waits;
    if (joined && $("address")) $("address").replaceChildren(" (", make("a", { href: address, textContent: wifi.address }), ")");
    for (const id of ["fallback", "elsewhere"]) if ($(id)) $(id).hidden = joined;
  } catch (error) {
    const locked = error.status === 401;
    $("joining").hidden = !locked && $("joining").hidden;
    $("summary").replaceChildren(...(locked ? ["The camera needs its new password: ", make("a", { href: "/login?next=/setup", textContent: "log in" })] : ["The camera does not respond here any more. Connect this device to its network, then open the address above."]));
    $("dot").className = "dot";
  }
  setTimeout(watchJoining, 2000);
}
