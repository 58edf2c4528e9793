// Maintenance: backup, restore, restart and factory reset

const FORMAT = 1; // of a backup
const RESTART_MS = 60000; // a restart that takes longer has failed, or the address has changed
const DOWNLOAD_MS = 60000; // then the file is no longer offered

// Reports with `say` that the camera restarts; returns once it responds again, or does not in time.
async function restarted(say) {
  const asked = Date.now();
  say("The camera restarts…");
  let gone = false;
  while (Date.now() < asked + RESTART_MS) {
    await new Promise((done) => { setTimeout(done, 1000); });
    try {
      const { uptime_s } = await api("status");
      if (gone || uptime_s <= (Date.now() - asked) / 1000) {
        say("");
        toast("The camera is running again");
        return;
      }
    } catch {
      gone = true;
    }
  }
  say("The camera does not respond at this address. With a new name or network, its address is another one.");
}

function cameraName() {
  return rowOf("name").value || rowOf("topic").value;
}

function showMaintenance() {
  const guarded = rowOf("adminpass").set;
  $("backup-secrets").disabled = !guarded;
  $("backup-hint").textContent = guarded ? "Anyone who has the file can then read them." : "Set an admin password first: without one, anyone could download them.";
  $("reset-wanted").textContent = cameraName();
}

async function backUp(event) {
  event.preventDefault();
  const secrets = $("backup-secrets").checked;
  $("backup-note").textContent = "";
  try {
    const found = await api("backup", secrets ? { password: $("backup-password").value } : {});
    const file = new Blob([JSON.stringify(found, null, 2)], { type: "application/json" });
    const link = make("a", { href: URL.createObjectURL(file), download: `${cameraName().replace(/[^\w-]+/g, "-")}-${new Date().toISOString().slice(0, 10)}.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_MS); // some browsers read it later
    $("backup-password").value = "";
    $("backup-note").textContent = "Downloaded.";
  } catch (error) {
    $("backup-note").textContent = [error.message, error.advice].filter(Boolean).join(" ");
  }
}

// Returns {name: text} of the settings that a backup would change, and what it holds beyond these.
function changesOf(backup) {
  const wanted = {};
  const unknown = [];
  for (const [name, value] of Object.entries(backup.settings)) {
    const row = rowOf(name);
    const text = String(value);
    if (!row) unknown.push(name);
    else if (isHidden(row) ? text || row.set : text !== row.value) wanted[name] = text;
  }
  return { wanted, unknown };
}

function shownChange(row, text) {
  if (isHidden(row)) return text ? (row.set ? "replaced by the one in the backup" : "set") : "removed";
  return `${row.value || "none"} → ${text || "none"}`;
}

let restoring = {};

function showRestore(note, wanted = {}) {
  restoring = wanted;
  $("restore-note").textContent = note;
  list($("restore-changes"), Object.entries(wanted).map(([name, text]) => [`${rowOf(name).group}: ${rowOf(name).label}`, shownChange(rowOf(name), text)]));
  $("restore-buttons").hidden = !Object.keys(wanted).length;
}

async function readBackup() {
  const file = $("restore-file").files[0];
  if (!file) return;
  const backup = await file.text().then(JSON.parse).catch(() => null);
  if (!backup || backup.format !== FORMAT || !backup.settings) {
    showRestore("This file is not a backup of a camera. Choose another one.");
    return;
  }
  const { wanted, unknown } = changesOf(backup);
  const count = Object.keys(wanted).length;
  const notes = [count ? `${count} setting${count > 1 ? "s" : ""} will change:` : "Nothing would change: the camera has these settings already."];
  if (unknown.length) notes.unshift(`This firmware has no setting ${unknown.join(", ")}.`);
  if (backup.device_id !== $("device").textContent) notes.unshift(`The backup is of another camera (${backup.device_id}). Give each camera its own name and topic.`);
  showRestore(notes.join(" "), wanted);
}

// Restores by editing the fields and saving them, so that faults appear beside their fields.
async function restore() {
  for (const [name, text] of Object.entries(restoring)) settings.edits.set(name, text);
  closeRestore();
  showGroups();
  await saveSettings();
}

function closeRestore() {
  $("restore-file").value = "";
  showRestore("");
}

async function restartNow() {
  try {
    await api("command", { command: "restart", argument: "1" });
    await restarted((text) => { $("restart-note").textContent = text; });
  } catch (error) {
    $("restart-note").textContent = error.message;
  }
}

async function reset(event) {
  event.preventDefault();
  try {
    await api("command", { command: "reset", argument: "1" });
    $("reset-note").textContent = `All settings are erased. In a minute, join the Wi-Fi network ${$("device").textContent} and set up the camera again.`;
    $("reset-now").disabled = true;
  } catch (error) {
    $("reset-note").textContent = error.message;
  }
}

function maintenance() {
  $("backup").addEventListener("submit", backUp);
  $("backup-secrets").addEventListener("change", () => { $("backup-login").hidden = !$("backup-secrets").checked; });
  $("restore-file").addEventListener("change", readBackup);
  $("restore").addEventListener("click", restore);
  $("restore-cancel").addEventListener("click", closeRestore);
  $("restart-now").addEventListener("click", restartNow);
  $("reset").addEventListener("submit", reset);
  $("reset-name").addEventListener("input", () => { $("reset-now").disabled = $("reset-name").value.trim() !== cameraName(); });
}
