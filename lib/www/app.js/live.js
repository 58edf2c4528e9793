// The live picture: frames of the stream, drawn one by one, so that the page knows the age of the
// frame that it shows, and can freeze and turn it

const LATE_MS = 3000; // without a new frame for so long, the picture is not live, unless frames take longer
const DEAD_MS = 10000; // without any data for so long, the stream is opened again
const RETRY_MS = 3000;
const UPDATING = "The firmware is being updated. The picture returns after the restart.";
const BADGES = { live: "LIVE", loading: "Loading", late: "Waiting", refused: "Waiting", absent: "No camera", stopped: "Stopped", private: "Privacy", paused: "Paused", offline: "Offline" };

const live = { paused: false, stream: null, heard: 0, fault: "", frame: null, jpeg: null, at: 0, took: 0 };

function showLive() {
  stopLive();
  if (live.paused || document.hidden || link.private) return;
  live.stream = new AbortController();
  follow(live.stream.signal);
}

// Ends the stream, which uses one of the camera's few sockets; the last frame stays.
function stopLive() {
  if (live.stream) live.stream.abort();
  live.stream = null;
  showState();
}

// Nobody sees the last picture either, once privacy is on.
function setPrivate(isPrivate) {
  $("privacy").checked = isPrivate;
  if (isPrivate === link.private) return;
  link.private = isPrivate;
  if (!isPrivate) return showLive();
  if (live.frame) live.frame.close();
  Object.assign(live, { frame: null, jpeg: null, at: 0, took: 0, fault: "" });
  $("live").getContext("2d").reset();
  stopLive();
}

async function follow(signal) {
  while (!signal.aborted) {
    live.heard = performance.now();
    try {
      await receive(signal);
    } catch (error) {
      if (signal.aborted) return;
      live.fault = error instanceof TypeError ? "" : error.message; // a TypeError is the network's
    }
    if (!link.offline) pollNow(); // is it only the stream?
    showState();
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

async function receive(signal) {
  const response = await fetch("/mjpg", { headers: { Accept: "application/json", "X-Requested-With": "page" }, signal });
  if (response.status === 401) location.assign("/login?next=/");
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || "The camera sends no picture.");
  for await (const part of parts(response.body.getReader())) {
    const jpeg = new Blob([part], { type: "image/jpeg" });
    const frame = await createImageBitmap(jpeg).catch(() => null); // null: damaged; the next one is whole
    if (signal.aborted) return;
    if (!frame) continue;
    if (live.frame) live.frame.close();
    const now = performance.now();
    Object.assign(live, { frame, jpeg, at: now, took: now - live.at, fault: "" });
    draw();
    if ($("frame").dataset.state !== "live") showState();
  }
  throw new Error("");
}

// The parts of a multipart stream; the head of each one has its length.
async function* parts(reader) {
  let data = new Uint8Array(0);
  for (;;) {
    const head = /Content-Length: (\d+)[^]*?\r\n\r\n/i.exec(new TextDecoder("latin1").decode(data.subarray(0, 1024)));
    const end = head ? head.index + head[0].length + Number(head[1]) : Infinity;
    if (data.length >= end) {
      yield data.slice(end - Number(head[1]), end);
      data = data.slice(end);
      continue;
    }
    const { value, done } = await reader.read();
    if (done) return;
    live.heard = performance.now();
    const joined = new Uint8Array(data.length + value.length);
    joined.set(data);
    joined.set(value, data.length);
    data = joined;
  }
}

// The state of the picture, from what is known of the link, the camera and the stream

function pictureState() {
  if (link.offline) return "offline";
  if (link.private) return "private";
  if (live.paused || (live.at && !live.stream)) return "paused";
  if (link.camera && ["absent", "stopped"].includes(link.camera.state)) return link.camera.state;
  const limit = Math.min(DEAD_MS, Math.max(LATE_MS, 3 * live.took));
  if (live.at && performance.now() - live.at < limit) return "live";
  if (live.fault) return "refused";
  return live.at ? "late" : "loading";
}

function explanation(state) {
  const { camera } = link;
  if (state !== "live" && state !== "paused" && installing()) return UPDATING;
  if (state === "offline") return "The camera does not respond. The picture returns when it does.";
  if (state === "private") return "Privacy is on: the sensor has no power, and nobody gets a picture.";
  if (state === "absent" || state === "stopped") return `There is no picture: ${sentence(camera.reason)}`;
  if (state !== "late" && state !== "refused") return "";
  if (camera && camera.state === "recovering") return "The camera is recovering. The picture returns by itself.";
  return live.fault ? `${sentence(live.fault)} The page keeps trying.` : "No new picture arrives. The page keeps trying.";
}

function showState() {
  const state = pictureState();
  const text = explanation(state);
  const age = Math.floor((performance.now() - live.at) / 1000);
  $("frame").dataset.state = state;
  $("frame").classList.toggle("empty", !live.at);
  setText($("badge"), BADGES[state]);
  setText($("age"), live.at && (state !== "live" || age > 1) ? `picture from ${span(age)} ago` : "");
  setText($("overlay"), text);
  $("overlay").hidden = !text;
  $("live").setAttribute("aria-label", state === "live" ? "Live picture of the camera" : live.at ? "Last picture of the camera" : "No picture of the camera");
  $("snapshot").disabled = ["offline", "absent", "stopped", "private"].includes(state);
}

function everySecond() {
  if (live.stream && !live.fault && performance.now() - live.heard > DEAD_MS) showLive();
  showState();
  showCountdown();
}

async function snapshot() {
  try {
    const stamp = new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-");
    const jpeg = (live.paused && live.jpeg) || (await freshPicture()); // paused: what is shown
    const saved = make("a", { href: URL.createObjectURL(jpeg), download: `camera-${stamp}.jpg` });
    saved.click();
    setTimeout(() => URL.revokeObjectURL(saved.href), 10000);
  } catch (error) {
    toast(`No snapshot: ${error.message}`);
  }
}

async function freshPicture() {
  const response = await fetch("/capture", { headers: { Accept: "application/json", "X-Requested-With": "page" }, signal: AbortSignal.timeout(ANSWER_MS) })
    .catch(() => { throw new Error("The camera does not respond. Try again when the picture is back."); });
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || "The camera sends no picture.");
  return response.blob();
}

function pause() {
  live.paused = !live.paused;
  const name = live.paused ? "Resume" : "Pause";
  $("pause").classList.toggle("resumes", live.paused);
  $("pause").title = name;
  setText($("pause").querySelector("span"), name);
  if (live.paused) stopLive();
  else showLive();
}

function picture() {
  $("bar").hidden = $("badge-box").hidden = false;
  $("pause").addEventListener("click", pause);
  $("snapshot").addEventListener("click", snapshot);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return stopLive();
    pollNow();
    showLive();
  });
  viewControls();
  setInterval(everySecond, 1000);
  showLive();
}
