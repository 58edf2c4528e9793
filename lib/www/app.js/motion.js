// Motion: the cells that change, and those that are ignored, over the live picture

const COLUMNS = 16;
const ROWS = 12;
const LOOK_MS = 500;
const motion = { cells: [], stored: "", timer: 0, painting: null, saves: 0 };

const isIgnored = (cell) => cell.getAttribute("aria-selected") === "true";
const ignore = (cell, on) => cell.setAttribute("aria-selected", String(on));

// The mask as the setting motionmask has it: a bit for each cell, the first one at the left
function maskText() {
  const bits = motion.cells.map((cell) => Number(isIgnored(cell)));
  const digits = bits.map((_, n) => (n % 4 ? "" : parseInt(bits.slice(n, n + 4).join(""), 2).toString(16))).join("");
  return digits.replace(/^0+$/, "");
}

function showMask(text) {
  const digits = text || "0".repeat(motion.cells.length / 4);
  motion.cells.forEach((cell, n) => ignore(cell, Boolean((parseInt(digits[n >> 2], 16) >> (3 - (n & 3))) & 1)));
  showMaskButtons();
}

function showMaskButtons() {
  const text = maskText();
  $("motion-save").disabled = $("motion-discard").disabled = text === motion.stored;
  $("motion-clear").disabled = !text;
}

function makeCells() {
  const rows = Array.from({ length: ROWS }, (_, y) => make("div", { role: "row" }, ...Array.from({ length: COLUMNS }, (__, x) => make("i", { role: "gridcell", tabIndex: -1, "aria-label": `Row ${y + 1}, column ${x + 1}` }))));
  const grid = make("div", { id: "cells", className: "cells", role: "grid", "aria-label": "Cells that motion detection ignores", "aria-multiselectable": "true" }, ...rows);
  motion.cells = rows.flatMap((row) => [...row.children]);
  motion.cells[0].tabIndex = 0;
  grid.addEventListener("keydown", cellKey);
  grid.addEventListener("pointerdown", (event) => {
    if (event.button || !motion.cells.includes(event.target)) return;
    event.preventDefault();
    motion.painting = !isIgnored(event.target);
    focusCell(event.target);
    paint(event);
  });
  grid.addEventListener("pointermove", paint);
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, () => { motion.painting = null; });
  grid.addEventListener("dblclick", (event) => event.stopPropagation()); // the stage would zoom
  $("stage").append(grid);
  new ResizeObserver(placeCells).observe($("live"));
}

// A finger keeps its first target, so the cell below it is looked up.
function paint(event) {
  event.stopPropagation(); // the stage would scroll
  if (motion.painting === null) return;
  const cell = document.elementFromPoint(event.clientX, event.clientY);
  if (!motion.cells.includes(cell)) return;
  ignore(cell, motion.painting);
  showMaskButtons();
}

function focusCell(cell) {
  motion.cells.forEach((each) => { each.tabIndex = each === cell ? 0 : -1; });
  cell.focus({ preventScroll: true });
}

// The arrow keys move as the picture is turned.
function cellKey(event) {
  const at = motion.cells.indexOf(event.target);
  if (event.key === " " || event.key === "Enter") {
    ignore(event.target, !isIgnored(event.target));
    showMaskButtons();
  } else {
    let move = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (!move) return;
    for (let turned = view.turn; turned > 0; turned -= 90) move = [move[1], -move[0]];
    const [x, y] = [(at % COLUMNS) + move[0], Math.floor(at / COLUMNS) + move[1]];
    if (x >= 0 && x < COLUMNS && y >= 0 && y < ROWS) focusCell(motion.cells[y * COLUMNS + x]);
  }
  event.preventDefault();
}

// Puts the grid exactly over the picture, which may be turned, and smaller than its canvas.
function placeCells() {
  const [grid, canvas] = [$("cells"), $("live")];
  if (!grid) return;
  const ratio = canvas.width / canvas.height;
  const width = Math.min(canvas.offsetWidth, canvas.offsetHeight * ratio);
  const [across, down] = view.turn % 180 ? [width / ratio, width] : [width, width / ratio];
  const left = canvas.offsetLeft + (canvas.offsetWidth - across) / 2;
  const top = canvas.offsetTop + (canvas.offsetHeight - down) / 2;
  Object.assign(grid.style, { width: `${across}px`, height: `${down}px`, left: `${left}px`, top: `${top}px`, transform: `rotate(${view.turn}deg)` });
}

function motionText({ mode, state }) {
  if (!state) return mode === "off" ? "Motion detection is off. Switch it on under Settings, Motion. You can choose the cells now." : "Motion detection waits until privacy ends.";
  if (mode === "pin") return `${upper(state)}, by the sensor at the pin. Pictures are not compared.`;
  return sentence(upper(state));
}

// Looks as long as the part is open; what is being drawn stays.
async function showMotion() {
  clearTimeout(motion.timer);
  const opened = $("motion").open && !$("picture").hidden;
  if (opened && !$("cells")) makeCells();
  if ($("cells")) $("cells").hidden = !opened;
  if (!opened) return;
  placeCells();
  let pause = LOOK_MS;
  const { saves } = motion;
  try {
    const found = document.hidden || link.offline ? null : await api("motion");
    if (found && saves === motion.saves) showCells(found); // otherwise it has the mask from before
  } catch (error) {
    setText($("motion-state"), sentence(error.message));
    pause = RETRY_MS;
  }
  clearTimeout(motion.timer);
  motion.timer = setTimeout(showMotion, pause);
}

function showCells(found) {
  const drawn = maskText() !== motion.stored;
  motion.stored = found.mask;
  if (drawn) showMaskButtons();
  else showMask(found.mask);
  motion.cells.forEach((cell, n) => cell.classList.toggle("changed", Boolean(found.changed) && found.changed[n] === "1"));
  $("motion-score").hidden = found.score === null;
  $("motion-score").value = found.score || 0;
  setText($("motion-state"), motionText(found));
}

async function saveMask() {
  try {
    const text = maskText();
    const { saved } = await api("settings", { motionmask: text });
    motion.stored = text;
    toast(saved ? "Saved" : "In force, but not stored yet. The camera tries again every minute; its log says why.");
  } catch (error) {
    toast(`Not saved: ${error.message}`);
  }
  motion.saves += 1;
  showMaskButtons();
}

function motionPart() {
  $("motion").addEventListener("toggle", showMotion);
  $("motion-save").addEventListener("click", saveMask);
  $("motion-discard").addEventListener("click", () => showMask(motion.stored));
  $("motion-clear").addEventListener("click", () => showMask(""));
}
