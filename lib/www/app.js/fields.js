// Fields of the Settings tab, one for each kind of setting

const OTHER_RULE = "other"; // the choice that opens a field for a time zone rule
const WORDS = {
  off: "Off", on: "On", last_state: "As before", plain: "Off", tls: "TLS", ca: "By the CA certificate", pin: "By the broker's key",
  manual: "By hand", auto: "Automatic", error: "Errors only", info: "Normal", debug: "Everything", low: "Low", high: "High",
  "motion picture": "In the picture", "motion pin": "By a sensor at the pin", "motion both": "In the picture, and by the sensor",
};
const wordOf = ({ name }, value) => WORDS[`${name} ${value}`] || WORDS[value] || value;
let zones = []; // [name, rule]

async function loadZones() {
  if (zones.length) return;
  const response = await fetch("/zones.txt").catch(() => null);
  if (!response || !response.ok) return; // the rule is then a text
  const lines = (await response.text()).trim().split("\n");
  zones = lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]);
}

// Writes what a setting allows as a sentence: "0..9" as "0 to 9."
function inWords(text) {
  const words = text.replace(/(\d)\.\.(\d)/g, "$1 to $2");
  const starts = words.includes("://") ? words : words.slice(0, 1).toUpperCase() + words.slice(1);
  return `${starts}${words.endsWith(".") ? "" : "."}`;
}

// Writes why the camera refused a value; for most settings that is what they allow.
function refused(row, text) {
  const isAllowed = row && (text === row.allowed || /^(\d|an? |mqtts?:)/.test(text));
  return isAllowed ? `Enter ${inWords(` ${text}`).trim()}` : inWords(text);
}

function defaultWord(row) {
  if (!row.default) return "Clear";
  const word = kindOf(row) === "switch" ? { 1: "on", 0: "off" }[row.default] || row.default : wordOf(row, row.default);
  return word.length < 20 ? `Reset to ${word}` : "Reset to default";
}

function kindOf(row) {
  if (row.name === "timezone" && zones.length) return "zone";
  if ((row.kind === "number" && row.low === 0 && row.high === 1) || String(row.options) === "off,on") return "switch";
  return row.kind;
}

function select(id, options) {
  return make("select", { id }, ...options.map(([value, textContent]) => make("option", { value, textContent })));
}

function textField(id, type) {
  return make("input", { id, type, autocomplete: type === "password" ? "new-password" : "off", autocapitalize: "off", spellcheck: false });
}

function zoneField(row, id) {
  const control = select(id, [...zones.map(([name]) => [name, name]), [OTHER_RULE, "Another rule"]]);
  const rule = make("input", { id: `${id}-rule`, autocomplete: "off", autocapitalize: "off", spellcheck: false, "aria-label": "Time zone rule", "aria-describedby": `${id}-hint` });
  const ruleOf = Object.fromEntries(zones);
  const showRule = () => { rule.hidden = control.value !== OTHER_RULE; };
  control.addEventListener("input", () => { // before that of the field's box
    if (control.value !== OTHER_RULE) rule.value = ruleOf[control.value];
    showRule();
  });
  const write = (text) => {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
    const names = zones.filter(([, each]) => each === text).map(([name]) => name);
    control.value = names.includes(own) ? own : names[0] || OTHER_RULE;
    rule.value = text;
    showRule();
  };
  return { control, parts: [control, rule], read: () => rule.value.trim(), write };
}

function switchField(row, id) {
  const [off, on] = row.options || ["0", "1"];
  const control = make("input", { id, type: "checkbox", role: "switch" });
  return { control, parts: [control], read: () => (control.checked ? on : off), write: (text) => { control.checked = text === on; } };
}

function plainField(control, parts = [control]) {
  return { control, parts, read: () => control.value, write: (text) => { control.value = text; } };
}

const FIELDS = {
  zone: zoneField,
  switch: switchField,
  text: (row, id) => plainField(textField(id, "text")),
  number: (row, id) => plainField(Object.assign(textField(id, "number"), { min: row.low, max: row.high, inputMode: "numeric" })),
  choice: (row, id) => plainField(select(id, row.options.map((option) => [option, wordOf(row, option)]))),
  secret: (row, id) => {
    const control = Object.assign(textField(id, "password"), { placeholder: row.set ? "stored" : "none" });
    const show = make("button", { type: "button", textContent: "Show", "aria-label": `Show ${row.label}` });
    show.addEventListener("click", () => toggleShown(control, show, row.label));
    return plainField(control, [make("div", { className: "pair" }, control, show)]);
  },
  file: (row, id) => {
    const placeholder = row.set ? "stored; paste another one here" : "none; paste it here";
    const control = make("textarea", { id, spellcheck: false, placeholder });
    const file = make("input", { type: "file", accept: ".pem,.crt,.cer,.key", "aria-label": `${row.label} from a file` });
    readInto(file, control);
    return plainField(control, [file, control]);
  },
};

function numberFault(row, text) {
  const isNumber = /^-?\d+$/.test(text.trim()) && Number(text) >= row.low && Number(text) <= row.high;
  return isNumber ? "" : `Enter a whole number from ${row.low} to ${row.high}.`;
}
