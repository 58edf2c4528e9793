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
  if (!status.time_set) giveTime();
  watchLive(status);
  if (!live.paused && (!ready || $("live").naturalWidth)) {
    const lost = ["absent", "unsuitable"].includes(status.camera.state) ? `There is no picture: ${status.camera.reason}.` : `The camera is ${status.camera.state}; the picture returns by itself.`;
    overlay(ready ? "" : lost);
  }
  const wifi = status.wifi;
  list($("figures"), [
    ["Camera", `${status.camera.sensor} ${status.camera.state}${rate(status)}`],
    ["Live viewers", String(status.viewers)],
    ["Wi-Fi", `${wifi.state}${wifi.ssid ? ` ${wifi.ssid}` : ""}${wifi.reason ? ` (${wifi.reason})` : ""} `, ...(wifi.signal ? [bars(wifi.signal), ` ${wifi.signal} dBm`] : [])],
    ["Address", `${wifi.address || "none"}, ${status.host}`],
    ["Broker", status.broker.state],
    ...(status.paused ? [["Pictures", `pause: ${status.paused}`]] : []),
    ...(status.kept ? [["Kept pictures", String(status.kept)]] : []),
    ...(status.push ? [["HTTP push", status.push]] : []),
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
