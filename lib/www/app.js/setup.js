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
