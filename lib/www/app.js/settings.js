// Settings

let settings = [];

function input(row, id) {
  if (row.kind === "choice") {
    const select = make("select", { id });
    for (const option of row.options) select.append(make("option", { value: option, textContent: option, selected: option === row.value }));
    return select;
  }
  if (row.kind === "file") return make("textarea", { id, spellcheck: false, placeholder: row.set ? "stored; paste another one here" : "none stored; paste it here" });
  const type = { number: "number", secret: "password" }[row.kind] || "text";
  const field = make("input", { id, type, autocomplete: type === "password" ? "new-password" : "off", autocapitalize: "off", spellcheck: false, value: row.value ?? "" });
  if (row.kind === "number") Object.assign(field, { min: row.low, max: row.high });
  if (row.kind === "secret") field.placeholder = row.set ? "stored" : "none stored";
  return field;
}

function setting(row) {
  const id = `s-${row.name}`;
  const more = `${row.allowed}${row.default ? `; default ${row.default}` : ""}${row.restarts ? "; restarts the camera" : ""}.`;
  const field = input(row, id);
  field.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  const box = make("div", { className: "field" }, make("label", { htmlFor: id }, `${row.label} `, make("small", { textContent: row.name })), field);
  if (row.kind === "file") {
    const file = make("input", { type: "file", "aria-label": `${row.label} from a file` });
    readInto(file, field);
    field.before(file);
  }
  box.append(make("p", { className: "hint", id: `${id}-hint` }, `${row.about} `, make("span", { textContent: more })));
  if (row.set && row.name !== "otakey") {
    box.append(make("label", { className: "tick" }, make("input", { type: "checkbox", id: `f-${row.name}` }), " Remove the stored value"));
  }
  return box;
}

async function showSettings() {
  try {
    settings = (await api("settings")).settings;
    const groups = {};
    for (const { group, name } of settings) groups[group] = `${groups[group] || ""} ${name}`.trim();
    $("rows").replaceChildren(...grouped(settings, groups, setting));
  } catch (error) {
    settingsNote(error.message);
  }
}

function settingsNote(text) {
  $("settings-note").textContent = text;
  $("settings-note").hidden = !text;
}

async function saveSettings(event) {
  event.preventDefault();
  const wanted = {};
  for (const row of settings) {
    const field = $(`s-${row.name}`);
    showFault(field, "");
    const forget = $(`f-${row.name}`);
    if (field.value !== (row.value ?? "") || (forget && forget.checked)) wanted[row.name] = field.value;
  }
  settingsNote("");
  if (!Object.keys(wanted).length) {
    toast("No setting was changed");
    return;
  }
  try {
    const response = await api("settings", wanted);
    toast(response.restarts ? "Saved; the camera restarts" : response.saved ? "Saved" : "Applied, but not saved yet; the camera retries every minute");
    await showSettings();
    settingsNote(Object.entries(response.removed || {}).map(([name, what]) => `${name}: ${what}.`).join(" "));
  } catch (error) {
    settingsNote(error.message);
    for (const [name, text] of Object.entries(error.faults || {})) showFault($(`s-${name}`), text);
    const first = $("settings").querySelector('[aria-invalid="true"]');
    if (first) first.focus();
  }
}
