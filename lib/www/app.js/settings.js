// Settings: the rows of the API as fields. What is edited is kept until it is saved or discarded,
// also while another tab is open; in the browser's session storage it outlives a reload, but never
// a secret or an address with a login.

const KEPT = "settings";
const LOGIN_IN_ADDRESS = /\/\/[^/]*@/;
const settings = { rows: [], fields: new Map(), edits: new Map(), open: new Set(["Camera"]), busy: false, message: "" };

function rowOf(name) {
  return settings.rows.find((row) => row.name === name);
}

function isHidden(row) {
  return row.kind === "secret" || row.kind === "file"; // its value is not known here
}

function keepEdits() {
  const safe = [...settings.edits].filter(([name, text]) => rowOf(name).kind !== "secret" && !LOGIN_IN_ADDRESS.test(text));
  if (safe.length) sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(safe)));
  else sessionStorage.removeItem(KEPT);
}

function restoreEdits() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
  for (const [name, text] of Object.entries(kept)) if (!settings.edits.has(name)) settings.edits.set(name, text);
  for (const [name, text] of settings.edits) {
    const row = rowOf(name);
    if (!row || row.value === text) settings.edits.delete(name); // saved meanwhile, by another client for example
  }
}

// Notes that the field of a row has the value `text`; undefined: as stored
function edit(row, text) {
  if (text === undefined || text === row.value) settings.edits.delete(row.name);
  else settings.edits.set(row.name, text);
  keepEdits();
  settingsError("");
  showRow(row);
  showUnsaved();
}

function fieldBox(row) {
  const id = `s-${row.name}`;
  const kind = kindOf(row);
  const field = FIELDS[kind](row, id);
  const tools = make("div", { className: "tools" });
  const allowed = kind === "text" || kind === "number" || isHidden(row) ? ` ${inWords(row.allowed)}` : "";
  const label = make("label", { htmlFor: id }, `${row.label} `, make("small", { textContent: row.name }));
  field.control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  field.box = make("div", { className: `field ${kind === "switch" ? "switched" : ""}` }, label, ...field.parts,
    make("p", { className: "hint", id: `${id}-hint`, textContent: `${row.about}${allowed}` }), tools);
  field.tools = tools;
  field.box.addEventListener("input", () => {
    showFault(field.control, "");
    const text = field.read();
    edit(row, isHidden(row) && !text ? undefined : text);
  });
  field.box.addEventListener("change", (event) => {
    if (event.target !== field.control) return;
    if (row.kind === "file") edit(row, field.read() || undefined); // read from a file
    if (kind === "number") showFault(field.control, numberFault(row, field.read()));
  });
  settings.fields.set(row.name, field);
  const edited = settings.edits.get(row.name);
  field.write(edited === undefined ? row.value || "" : edited);
  return field.box;
}

function tool(textContent, label, action) {
  const button = make("button", { type: "button", className: "small", textContent, "aria-label": label });
  button.addEventListener("click", action);
  return button;
}

// Shows below a field what can be done with its value, and what that causes
function showRow(row) {
  const { tools, control, write, read, box } = settings.fields.get(row.name);
  const edited = settings.edits.has(row.name);
  const parts = [];
  const change = (text, shown) => {
    write(shown);
    showFault(control, "");
    edit(row, text);
    control.focus();
  };
  if (isHidden(row)) {
    if (settings.edits.get(row.name) === "") parts.push(make("span", { textContent: "Removed when you save." }), tool("Keep", `Keep ${row.label}`, () => change(undefined, "")));
    else if (row.set && row.name !== "otakey") parts.push(tool("Remove", `Remove ${row.label}`, () => change("", "")));
  } else if (read() !== row.default) {
    parts.push(tool(defaultWord(row), `${defaultWord(row)}: ${row.label}`, () => change(row.default, row.default)));
  }
  if (row.restarts) parts.unshift(make("span", { className: edited ? "tag on" : "tag", textContent: "Needs a restart" }));
  box.classList.toggle("edited", edited);
  tools.replaceChildren(...parts);
}

function showGroups() {
  const groups = new Map();
  settings.fields.clear();
  for (const row of settings.rows) groups.set(row.group, [...(groups.get(row.group) || []), row]);
  $("rows").replaceChildren(...[...groups].map(([title, rows]) => {
    const summary = make("summary", {}, make("h2", { textContent: title }));
    const group = make("details", { className: "fold", open: settings.open.has(title) }, summary, make("div", { className: "folded" }, ...rows.map(fieldBox)));
    group.addEventListener("toggle", () => {
      if (!$("find").value) settings.open[group.open ? "add" : "delete"](title);
    });
    return group;
  }));
  settings.rows.forEach(showRow);
}

function findSettings() {
  const wanted = $("find").value.trim().toLowerCase();
  let count = 0;
  for (const group of $("rows").children) {
    const title = group.querySelector("h2").textContent;
    let hits = 0;
    for (const row of settings.rows.filter((each) => each.group === title)) {
      const hit = `${title} ${row.label} ${row.name} ${row.about}`.toLowerCase().includes(wanted);
      settings.fields.get(row.name).box.hidden = !hit;
      hits += hit;
    }
    group.hidden = !hits;
    group.open = wanted ? hits > 0 : settings.open.has(title);
    count += hits;
  }
  $("find-note").textContent = !wanted ? "" : count ? `${count} setting${count > 1 ? "s" : ""} found` : "No setting matches. Try another word.";
}

async function showSettings() {
  try {
    const [found] = await Promise.all([api("settings"), loadZones()]);
    settings.rows = found.settings;
    restoreEdits();
    showGroups();
    findSettings();
    settingsError("");
    showUnsaved();
    showMaintenance();
  } catch (error) {
    const retry = make("button", { type: "button", textContent: "Try again" });
    retry.addEventListener("click", showSettings);
    $("rows").replaceChildren(make("p", { className: "note bad", role: "alert", textContent: `The settings cannot be shown. ${error.message}` }), retry);
  }
}

function settingsError(text) {
  $("settings-error").textContent = text;
}

function showUnsaved() {
  const count = settings.edits.size;
  const restarts = [...settings.edits.keys()].some((name) => rowOf(name).restarts);
  $("unsaved").hidden = !count && !settings.message && !$("settings-error").textContent;
  $("unsaved-note").textContent = count ? `${count} unsaved change${count > 1 ? "s" : ""}.${restarts ? " Saving restarts the camera." : ""}` : settings.message;
  $("discard").parentElement.hidden = !count;
  document.documentElement.style.scrollPaddingBottom = `${$("unsaved").offsetHeight + 8}px`;
  uncover(document.activeElement);
}

// Moves the field that has the focus out from behind the bar, which may have appeared or grown.
function uncover(focused) {
  if ($("rows").contains(focused)) (focused.closest(".field") || focused).scrollIntoView({ block: "nearest" });
}

// The button that was pressed is hidden now; without this, the keyboard would start at the top of the page.
function keepFocus() {
  $("find").focus({ preventScroll: true });
}

function discardEdits() {
  settings.edits.clear();
  keepEdits();
  settingsError("");
  showGroups();
  findSettings();
  showUnsaved();
  keepFocus();
}

// Shows each fault beside its field, and brings the first one into view.
function showFaults(faults) {
  const rows = settings.rows.filter((row) => row.name in faults);
  $("find").value = "";
  findSettings();
  for (const row of rows) showFault(settings.fields.get(row.name).control, faults[row.name]);
  settingsError(`Nothing was saved. Correct ${rows.map((row) => row.label).join(", ") || Object.keys(faults).join(", ")}.`);
  showUnsaved();
  if (rows.length) reveal(settings.fields.get(rows[0].name).control);
}

async function saveSettings(event) {
  if (event) event.preventDefault();
  if (settings.busy || !settings.edits.size) return;
  const faults = {};
  for (const [name, text] of settings.edits) {
    const row = rowOf(name);
    if (row.kind === "number" && numberFault(row, text)) faults[name] = numberFault(row, text);
  }
  if (Object.keys(faults).length) {
    showFaults(faults);
    return;
  }
  settings.busy = $("save").disabled = true;
  try {
    await send(Object.fromEntries(settings.edits));
  } catch (error) {
    if (error.faults) showFaults(Object.fromEntries(Object.entries(error.faults).map(([name, text]) => [name, refused(rowOf(name), text)])));
    else settingsError(`Nothing was saved. ${error.message}`);
    showUnsaved();
  } finally {
    settings.busy = $("save").disabled = false;
  }
}

async function send(wanted) {
  const { restarts, saved, removed } = await api("settings", wanted);
  const lost = Object.entries(removed || {}).map(([name, what]) => `${rowOf(name).label} (${name}): ${what}.`);
  settings.edits.clear();
  keepEdits();
  if (restarts) {
    await restarted((text) => {
      settings.message = text;
      showUnsaved();
    });
    settings.message = "";
  } else toast(saved ? "Saved" : "In force, but not stored yet. The camera tries again every minute; its log says why.");
  await showSettings();
  settingsError(lost.join(" "));
  showUnsaved();
  keepFocus();
}

function settingsTab() {
  $("settings-form").addEventListener("submit", saveSettings);
  $("discard").addEventListener("click", discardEdits);
  $("find").addEventListener("input", findSettings);
  $("rows").addEventListener("focusin", (event) => {
    // only for the keyboard: a field that moves under a pressed mouse button gets no click
    if (event.target.matches(":focus-visible")) uncover(event.target);
  });
  new ResizeObserver(showUnsaved).observe($("unsaved"));
  maintenance();
}
