// Camera parameters

const GROUPS = {
  Picture: "framesize quality brightness contrast saturation special_effect hmirror vflip",
  Exposure: "aec aec_value aec2 ae_level agc agc_gain gainceiling nightmode",
  Colour: "awb awb_gain wb_mode",
  Corrections: "bpc wpc raw_gma lenc dcw colorbar",
};
const LABELS = {
  framesize: "Size", quality: "Compression (low is better)", brightness: "Brightness", contrast: "Contrast", saturation: "Saturation",
  special_effect: "Effect", hmirror: "Mirror", vflip: "Upside down", aec: "Automatic exposure", aec_value: "Exposure", aec2: "Exposure by DSP",
  ae_level: "Exposure level", agc: "Automatic gain", agc_gain: "Gain", gainceiling: "Highest gain", nightmode: "Night mode (slow)",
  awb: "Automatic white balance", awb_gain: "White balance gain", wb_mode: "White balance", bpc: "Black pixels", wpc: "White pixels",
  raw_gma: "Gamma", lenc: "Lens shading", dcw: "Downscaling", colorbar: "Test pattern",
};

function control(row) {
  const id = `p-${row.name}`;
  const { options } = row;
  const label = make("label", { htmlFor: id, textContent: LABELS[row.name] || row.name });
  if (row.low === 0 && row.high === 1) {
    return make("div", { className: "control" }, label, make("input", { type: "checkbox", id, name: row.name, role: "switch", checked: row.value === 1 }));
  }
  if (options) {
    const select = make("select", { id, name: row.name });
    options.forEach((text, value) => select.append(make("option", { value, textContent: text, selected: value === row.value })));
    return make("div", { className: "control" }, label, select);
  }
  const shown = make("output", { htmlFor: id, textContent: row.value });
  const range = make("input", { type: "range", id, name: row.name, min: row.low, max: row.high, step: 1 });
  range.value = row.value;
  range.addEventListener("input", () => { shown.textContent = range.value; });
  return make("div", { className: "control" }, label, shown, range);
}

function grouped(rows, groups, one, rest) {
  const left = new Map(rows.map((row) => [row.name, row]));
  const sections = [];
  const add = (title, names) => {
    const found = names.filter((name) => left.has(name)).map((name) => left.get(name));
    found.forEach((row) => left.delete(row.name));
    if (found.length) sections.push(make("div", { className: "group", role: "group", "aria-label": title }, make("h3", { textContent: title }), ...found.map(one)));
  };
  for (const [title, names] of Object.entries(groups)) add(title, names.split(" "));
  if (rest) add(rest, [...left.keys()]);
  return sections;
}

async function showControls() {
  try {
    const { parameters } = await api("camera");
    const offered = parameters.filter(({ value }) => value !== null);
    $("controls").replaceChildren(...grouped(offered, GROUPS, control, "More"));
  } catch (error) {
    $("controls").replaceChildren(make("p", { className: "note bad", textContent: error.message }));
  }
}

function controls() {
  $("picture").addEventListener("submit", (event) => event.preventDefault());
  $("picture").addEventListener("change", async (event) => {
    const field = event.target;
    const value = field.type === "checkbox" ? Number(field.checked) : Number(field.value);
    try {
      await api("camera", { [field.name]: value });
    } catch (error) {
      toast(`Not changed: ${error.message}`);
      showControls();
    }
  });
  $("keep").addEventListener("click", async () => {
    try {
      await api("camera", { save_to_nvs: 1 });
      toast("Saved for the next start");
    } catch (error) {
      toast(error.message);
    }
  });
}
