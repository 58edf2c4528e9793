// Copies text. Browsers offer navigator.clipboard only to encrypted pages, and not always, hence execCommand.

async function copyText(text) {
  if (navigator.clipboard && await navigator.clipboard.writeText(text).then(() => true, () => false)) return;
  const field = make("textarea", { value: text, className: "sr", readOnly: true });
  const before = document.activeElement;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  before.focus();
  if (!copied) throw new Error("The browser does not allow it. Select the text and copy it.");
}

function copyButton(text, label) {
  const button = make("button", { type: "button", className: "copy", textContent: "Copy", "aria-label": `Copy ${label}` });
  button.addEventListener("click", () => copyText(text).then(() => toast("Copied"), (error) => toast(`Not copied: ${error.message}`)));
  return button;
}

// A button of a page that a template has made
function copiesAddress(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.textContent = await copyText(button.dataset.copies).then(() => "Copied", () => "Not copied");
    setTimeout(() => { button.textContent = "Copy"; }, 3000);
  });
}
for (const button of document.querySelectorAll("[data-copies]")) copiesAddress(button);
