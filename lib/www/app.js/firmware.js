// Updates and restarts

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
