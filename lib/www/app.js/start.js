// Starts the parts of the page, once all files of this folder have been read

document.addEventListener("DOMContentLoaded", () => {
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
    pollNow();
  }
});
