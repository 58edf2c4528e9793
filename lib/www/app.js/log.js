// The log, and commands

const MOST_LINES = 1000; // on this page, which keeps more of them than the camera
const SHOWN = { all: ["error", "info", "debug"], info: ["error", "info"], error: ["error"] };
const log = { rows: new Map(), newest: -1, follows: true };

// Lines that are shown stay as they are, so that a selection survives.
async function showLog() {
  const { lines } = await api("log");
  const [first, newest] = [lines[0], lines[lines.length - 1].number];
  const missing = log.newest < 0 ? 0 : first.number - log.newest - 1;
  if (missing > 0) addCut(`${missing} lines are missing: the camera keeps the last ${lines.length}.`);
  const known = log.rows.get(first.number);
  if (newest < log.newest || (known && known.dataset.line !== first.line)) {
    addCut("The camera has restarted.");
    log.rows.clear();
  }
  for (const number of log.rows.keys()) if (number < first.number) log.rows.delete(number);
  log.newest = newest;
  for (const each of lines) {
    const row = log.rows.get(each.number) || addLine(each);
    if (each.time && !row.dataset.time) setTime(row, each.time); // the clock was set later
  }
  while ($("lines").children.length > MOST_LINES) $("lines").firstChild.remove();
  filterLog();
}

function addCut(text) {
  $("lines").append(make("li", { className: "cut", textContent: text }));
}

function addLine({ number, level, line }) {
  const [, seconds, component, text] = line.match(/^(\d+) ([^:]*): (?:! )?(.*)$/) || ["", "0", "log", line];
  const row = make("li", { className: level });
  row.append(make("time", { textContent: `${seconds} s` }), " ", make("b", { textContent: level }), " ", make("span", { textContent: `${component}: ${text}` }));
  row.dataset.line = line;
  log.rows.set(number, row);
  $("lines").append(row);
  return row;
}

function setTime(row, time) {
  row.dataset.time = time;
  Object.assign(row.firstChild, { dateTime: time, textContent: time.slice(11), title: time.replace("T", " ") });
}

function filterLog() {
  const levels = SHOWN[$("log-level").value];
  const wanted = $("log-text").value.trim().toLowerCase();
  let count = 0;
  for (const row of $("lines").children) {
    const matches = row.className === "cut" || (levels.includes(row.className) && row.textContent.toLowerCase().includes(wanted));
    if (row.hidden === matches) row.hidden = !matches;
    count += matches;
  }
  $("log-none").hidden = count > 0;
  if (log.follows) $("lines").scrollTop = $("lines").scrollHeight;
}

function logText(time) {
  const rows = [...$("lines").children].filter((row) => !row.hidden);
  return rows.map((row) => (row.dataset.time ? `${time(row.dataset.time)}${row.textContent.slice(8)}` : row.textContent)).join("\n");
}

function copyLog() {
  const text = logText((time) => time.slice(11));
  copyText(text).then(() => toast("The log is copied"), (error) => toast(`Not copied: ${error.message}`));
}

function downloadLog() {
  const url = URL.createObjectURL(new Blob([`${logText((time) => time)}\n`], { type: "text/plain" }));
  const stamp = new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-");
  make("a", { href: url, download: `${$("device").textContent || "camera"}-log-${stamp}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function scrollAlong(follows) {
  log.follows = follows;
  $("log-newest").hidden = follows;
  if (follows) $("lines").scrollTop = $("lines").scrollHeight;
}

// Commands, with those entered before on the arrow keys; they may contain secrets, so only in memory

const entered = { commands: [], at: 0 };

async function runCommand(event) {
  event.preventDefault();
  const line = $("line").value.trim();
  const [command, ...rest] = line.split(" ");
  if (!command) return;
  if (entered.commands[entered.commands.length - 1] !== line) entered.commands.push(line);
  entered.at = entered.commands.length;
  $("line").value = "";
  $("reply").hidden = false;
  try {
    const response = await api("command", { command, argument: rest.join(" ") });
    $("reply").textContent = `${response.command} = ${response.reply}`;
    await showLog();
  } catch (error) {
    $("reply").textContent = error.message;
  }
}

function recall(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  entered.at = Math.max(0, Math.min(entered.commands.length, entered.at + step));
  $("line").value = entered.commands[entered.at] || "";
}

function logTab() {
  $("lines").addEventListener("scroll", () => {
    const { scrollTop, clientHeight, scrollHeight } = $("lines");
    if (clientHeight) scrollAlong(scrollTop + clientHeight > scrollHeight - 30);
  });
  $("log-level").addEventListener("change", filterLog);
  $("log-text").addEventListener("input", filterLog);
  $("log-copy").addEventListener("click", copyLog);
  $("log-download").addEventListener("click", downloadLog);
  $("log-newest").addEventListener("click", () => { scrollAlong(true); $("lines").focus(); });
  $("command").addEventListener("submit", runCommand);
  $("line").addEventListener("keydown", recall);
}
