// Starts the parts of the page, once all files of this folder have been read

document.addEventListener("DOMContentLoaded", () => {
  if ($("setup")) setup($("setup"));
  if ($("saved")) watchJoining();
  if ($("setup") || $("saved")) watchTrial();
  if ($("camera")) {
    $("panels").hidden = false;
    tabs();
    picture();
    switches();
    controls();
    motionPart();
    settingsTab();
    logTab();
    firmware();
    pollNow();
  }
});
