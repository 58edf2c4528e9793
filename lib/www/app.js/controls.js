// Camera parameters: the everyday ones, and all others under Advanced

const EVERYDAY = "framesize quality brightness hmirror vflip".split(" ");
const GROUPS = {
  Colour: "contrast saturation special_effect awb awb_gain wb_mode",
  Exposure: "aec aec_value ae_level aec2 nightmode",
  Gain: "agc agc_gain gainceiling",
  Corrections: "bpc wpc raw_gma lenc dcw colorbar",
};
const LABELS = {
  framesize: "Size", quality: "Quality", brightness: "Brightness", contrast: "Contrast", saturation: "Saturation",
  special_effect: "Effect", hmirror: "Mirror", vflip: "Upside down", aec: "Automatic exposure", aec_value: "Exposure", aec2: "Exposure by DSP",
  ae_level: "Exposure level", agc: "Automatic gain", agc_gain: "Gain", gainceiling: "Highest gain", nightmode: "Night mode (slow)",
  awb: "Automatic white balance", awb_gain: "White balance gain", wb_mode: "White balance", bpc: "Black pixels", wpc: "White pixels",
  raw_gma: "Gamma", lenc: "Lens shading", dcw: "Downscaling", colorbar: "Test pattern",
};
const ENDS = { quality: ["Small file", "Best picture"] };
const NEEDS = { // parameter: the switch on which it depends, the value that it needs, why it is disabled
  aec_value: ["aec", 0, "set by automatic exposure"], ae_level: ["aec", 1, "for automatic exposure"],
  agc_gain: ["agc", 0, "set by automatic gain"], gainceiling: ["agc", 1, "for automatic gain"],
};

let parameters = {}; // name -> row of /api/camera
let changes = 0; // a response from before a change is outdated

// The lowest quality number is the best picture: the scale shows it at its right end.
const onScale = (row, value) => (row.name === "quality" ? row.low + row.high - value : value);

function valueText(row, value) {
  if (row.options) return row.options[value];
  if (row.name === "quality") return `${Math.round((100 * (row.high - value)) / (row.high - row.low))} %`;
  return row.high === 1 && row.low === 0 ? ["off", "on"][value] : String(value);
}

function control(row) {
  const id = `p-${row.name}`;
  const name = LABELS[row.name] || row.name;
  const field = controlField(row, id);
  const reset = make("button", { type: "button", className: "reset", id: `${id}-reset`, "aria-label": `Reset ${name} to ${valueText(row, row.default)}` });
  reset.textContent = `Reset to ${valueText(row, row.default)}`;
  reset.addEventListener("click", () => {
    setParameter(row.name, row.default);
    field.focus();
  });
  const box = make("div", { className: "control" }, make("label", { htmlFor: id, textContent: name }), make("output", { htmlFor: id, id: `${id}-value` }), make("span", { className: "soft", id: `${id}-note` }), reset, field);
  field.setAttribute("aria-describedby", `${id}-note`);
  if (ENDS[row.name]) box.append(make("p", { className: "ends soft", "aria-hidden": "true" }, ...ENDS[row.name].map((end) => make("span", { textContent: end }))));
  return box;
}

function controlField(row, id) {
  if (row.options) {
    const select = make("select", { id, name: row.name });
    row.options.forEach((text, value) => select.append(make("option", { value, textContent: text })));
    return select;
  }
  if (row.low === 0 && row.high === 1) return make("input", { type: "checkbox", id, name: row.name, role: "switch" });
  const range = make("input", { type: "range", id, name: row.name, min: row.low, max: row.high, step: 1 });
  range.addEventListener("input", () => {
    range.moving = true; // until the camera has answered
    showValue(row, onScale(row, Number(range.value)));
  });
  return range;
}

function showValue(row, value) {
  const field = $(`p-${row.name}`);
  if (field.type !== "range") return;
  setText($(`p-${row.name}-value`), valueText(row, value));
  field.setAttribute("aria-valuetext", [valueText(row, value), ...(ENDS[row.name] ? ["from", ENDS[row.name].join(" to ").toLowerCase()] : [])].join(" "));
}

// Shows a value in force, unless the user moves the slider.
function showParameter(row) {
  const field = $(`p-${row.name}`);
  const [needed, wanted, why] = NEEDS[row.name] || [];
  const blocked = parameters[needed] && parameters[needed].value !== wanted;
  if (field.type === "checkbox") field.checked = row.value === 1;
  else if (!field.moving) field.value = onScale(row, row.value);
  if (!field.moving) showValue(row, row.value);
  field.disabled = Boolean(blocked);
  setText($(`p-${row.name}-note`), blocked ? why : row.value === row.default ? "default" : "");
  $(`p-${row.name}-reset`).hidden = blocked || row.value === row.default;
}

function grouped(rows, groups, one, rest) {
  const left = new Map(rows.map((row) => [row.name, row]));
  const sections = [];
  const add = (title, names) => {
    const found = names.filter((name) => left.has(name)).map((name) => left.get(name));
    found.forEach((row) => left.delete(row.name));
    if (found.length) sections.push(make("div", { className: "group", role: "group", "aria-label": title }, make("h2", { textContent: title }), ...found.map(one)));
  };
  for (const [title, names] of Object.entries(groups)) add(title, names.split(" "));
  if (rest) add(rest, [...left.keys()]);
  return sections;
}

async function showControls() {
  const seen = changes;
  try {
    const offered = (await api("camera")).parameters.filter(({ value }) => value !== null);
    if (seen !== changes) return;
    if (Object.keys(parameters).length !== offered.length) {
      const everyday = EVERYDAY.map((name) => offered.find((row) => row.name === name)).filter(Boolean);
      $("everyday").replaceChildren(...everyday.map(control));
      $("controls").replaceChildren(...grouped(offered.filter((row) => !EVERYDAY.includes(row.name)), GROUPS, control, "More"));
    }
    parameters = Object.fromEntries(offered.map((row) => [row.name, row]));
    offered.forEach(showParameter);
    lockControls();
  } catch (error) {
    if (!link.offline) controlsNote(error.message);
  }
}

function controlsNote(text) {
  setText($("controls-note"), text);
  $("controls-note").hidden = !text;
}

// A camera that takes no pictures accepts no parameters.
function lockControls() {
  const { camera, offline } = link;
  const works = camera && (camera.state === "ready" || camera.state === "starting");
  $("everyday").disabled = $("controls").disabled = $("keep").disabled = offline || !works;
  if (offline) controlsNote("The camera does not respond. The controls return when it does.");
  else if (camera) controlsNote(works ? "" : `These controls need a picture. The camera is ${camera.state}: ${sentence(camera.reason)}`);
}

async function setParameter(name, value) {
  changes += 1;
  try {
    const { values } = await api("camera", { [name]: value });
    for (const row of Object.values(parameters)) row.value = values[row.name];
  } catch (error) {
    toast(`${LABELS[name] || name} is not changed: ${error.message}`);
  }
  changes += 1;
  $(`p-${name}`).moving = false;
  Object.values(parameters).forEach(showParameter);
}

function controls() {
  $("picture-form").addEventListener("submit", (event) => event.preventDefault());
  $("picture-form").addEventListener("change", ({ target }) => {
    const row = parameters[target.name];
    setParameter(row.name, target.type === "checkbox" ? Number(target.checked) : onScale(row, Number(target.value)));
  });
  $("keep").addEventListener("click", async () => {
    try {
      await api("camera", { save_to_nvs: 1 });
      toast("Saved as default. The camera starts with these values.");
    } catch (error) {
      toast(`Not saved: ${error.message}`);
    }
  });
}
