// How this browser shows the picture: zoom, rotation, full screen. The camera's pictures stay as they are.

const ZOOMS = [1, 1.5, 2, 3, 4];
const IDLE_MS = 4000;
const view = { zoom: 1, turn: 0, key: "" };

function draw() {
  const { frame } = live;
  if (!frame) return;
  const canvas = $("live");
  const [width, height] = view.turn % 180 ? [frame.height, frame.width] : [frame.width, frame.height];
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    placeCells();
  }
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, width / 2, height / 2);
  context.rotate((view.turn * Math.PI) / 180);
  context.drawImage(frame, -frame.width / 2, -frame.height / 2);
}

// The stage scrolls when the picture is larger: by touch, wheel, keys, and by dragging.
function applyView() {
  const stage = $("stage");
  const middle = (at, length, whole) => (at + length / 2) / whole;
  const x = middle(stage.scrollLeft, stage.clientWidth, stage.scrollWidth);
  const y = middle(stage.scrollTop, stage.clientHeight, stage.scrollHeight);
  $("live").style.width = $("live").style.height = `${100 * view.zoom}%`;
  stage.scrollLeft = x * stage.scrollWidth - stage.clientWidth / 2;
  stage.scrollTop = y * stage.scrollHeight - stage.clientHeight / 2;
  $("frame").classList.toggle("turned", view.turn % 180 !== 0);
  $("frame").classList.toggle("zoomed", view.zoom > 1);
  if (view.zoom > 1) stage.tabIndex = 0; // so that the arrow keys scroll it
  else stage.removeAttribute("tabindex");
  $("zoom-in").disabled = view.zoom === ZOOMS[ZOOMS.length - 1];
  $("zoom-out").disabled = view.zoom === ZOOMS[0];
  draw();
  placeCells();
}

function changeView(changes) {
  Object.assign(view, changes);
  applyView();
  try {
    if (view.key) localStorage.setItem(view.key, JSON.stringify({ zoom: view.zoom, turn: view.turn }));
  } catch {
    // a browser that stores nothing forgets the view
  }
}

function recallView(device) {
  if (view.key) return;
  view.key = `view-${device}`;
  let stored = {};
  try { stored = JSON.parse(localStorage.getItem(view.key)) || {}; } catch { /* as above */ }
  if (ZOOMS.includes(stored.zoom)) view.zoom = stored.zoom;
  if ([90, 180, 270].includes(stored.turn)) view.turn = stored.turn;
  applyView();
}

function zoom(steps) {
  changeView({ zoom: ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, ZOOMS.indexOf(view.zoom) + steps))] });
  // a disabled button would lose the focus
  if (document.activeElement === document.body) $(steps > 0 ? "zoom-out" : "zoom-in").focus();
}

function drag(event) {
  const stage = $("stage");
  if (event.buttons !== 1 || event.pointerType !== "mouse") return;
  stage.scrollLeft -= event.movementX;
  stage.scrollTop -= event.movementY;
}

// In full screen, the controls go away while nobody uses them.
let idleTimer;
function busy() {
  $("view").classList.remove("idle");
  clearTimeout(idleTimer);
  idleTimer = setTimeout(() => $("view").classList.add("idle"), IDLE_MS);
}

function viewControls() {
  for (const kind of ["pointermove", "pointerdown", "keydown"]) $("view").addEventListener(kind, busy);
  $("zoom-in").addEventListener("click", () => zoom(1));
  $("zoom-out").addEventListener("click", () => zoom(-1));
  $("turn").addEventListener("click", () => changeView({ turn: (view.turn + 90) % 360 }));
  $("stage").addEventListener("pointermove", drag);
  $("stage").addEventListener("dblclick", () => changeView({ zoom: view.zoom > 1 ? 1 : 2 }));
  $("full").hidden = !document.fullscreenEnabled;
  $("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : $("view").requestFullscreen()));
  document.addEventListener("fullscreenchange", () => {
    const name = document.fullscreenElement ? "Leave full screen" : "Full screen";
    busy();
    $("full").title = name;
    $("full").setAttribute("aria-label", name);
  });
  applyView();
}
