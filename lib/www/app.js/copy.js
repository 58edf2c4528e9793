// Buttons that copy a text. Browsers offer the clipboard only to encrypted pages, hence execCommand.

function copiesAddress(button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const field = make("textarea", { value: button.dataset.copies, className: "sr" });
    button.after(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    button.focus();
    button.textContent = copied ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = "Copy"; }, 3000);
  });
}
for (const button of document.querySelectorAll("[data-copies]")) copiesAddress(button);
